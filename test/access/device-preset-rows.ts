// Presets of the house and its messages: see preset-rows.ts.
import type { PresetRows } from './preset-rows.ts';

export const devicePresetRows = {
  'home-assistant': {
    opens: [
      'POST /api/webhook/0f3a',
      'PUT /api/webhook/0f3a',
      'GET /api/websocket',
      'POST /auth/token',
      'GET /api/states/light.kitchen',
      'POST /api/services/light/turn_on',
      'GET /api/camera_proxy/camera.door',
    ],
    stays: [
      'GET /',
      'GET /lovelace/0',
      'GET /auth/authorize',
      'POST /auth/login_flow',
      'GET /api/onboarding',
      'POST /api/onboarding/users',
      'POST /api/hassio/backups/new/full',
      'POST /api/config/config_entries/flow',
      'DELETE /api/webhook/0f3a',
      'GET /auth/token',
      'GET /local/secrets.txt',
      'GET /api/websocket/x',
    ],
  },
  'uptime-kuma': {
    opens: ['GET /api/push/k3jd9', 'POST /api/push/k3jd9'],
    stays: [
      'GET /',
      'GET /dashboard',
      'GET /setup',
      'GET /socket.io/',
      'GET /metrics',
      'GET /api/entry-page',
    ],
  },
  gotify: {
    opens: ['POST /message', 'GET /message', 'GET /stream', 'GET /application', 'GET /version'],
    stays: [
      'GET /',
      'GET /user',
      'POST /user',
      'DELETE /message',
      'POST /application',
      'GET /plugin',
      'GET /docs',
    ],
  },
  ntfy: {
    opens: [
      'GET /file/abc.jpg',
      'GET /v1/health',
      'POST /doorbell',
      'PUT /doorbell',
      'GET /doorbell/json',
      'GET /doorbell/ws',
      'GET /doorbell/auth',
    ],
    stays: [
      'GET /',
      'GET /doorbell',
      'GET /app',
      'GET /config.js',
      'POST /v1/users',
      'GET /v1/account',
      'DELETE /doorbell',
    ],
  },
  owntracks: {
    opens: ['POST /pub'],
    stays: [
      'GET /',
      'GET /pub',
      'GET /api/0/last',
      'GET /last/index.html',
      'GET /ws/last',
      'POST /api/0/kill',
    ],
  },
} satisfies Record<string, PresetRows>;
