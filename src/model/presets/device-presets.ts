// Presets of things in the house and of what they report to; see access-preset.ts.
import type { AccessPreset } from './access-preset.ts';

export const devicePresets = {
  'home-assistant': {
    title: 'Home Assistant',
    source: 'https://developers.home-assistant.io/docs/auth_api/',
    caution:
      'Whoever knows the id of a webhook may call it. Home Assistant itself guards the rest by its tokens; its pages, its settings and the sign-in stay behind the edge, so sign in once in the app before you leave home.',
    opens: [
      {
        paths: ['/api/webhook'],
        methods: ['GET', 'HEAD', 'POST', 'PUT'],
        why: 'webhooks and the reports of the app; the id in the path is the secret',
      },
      { paths: ['=/api/websocket'], methods: ['GET'], why: 'the app; asks for an access token first' },
      {
        paths: ['=/auth/token', '=/auth/revoke'],
        methods: ['POST'],
        why: 'the app renews its access token with its refresh token',
      },
      {
        paths: ['/api/states', '/api/services', '/api/events', '/api/template', '/api/history'],
        methods: ['GET', 'POST'],
        why: 'programs with a long-lived access token',
      },
      {
        paths: ['/api/camera_proxy', '/api/camera_proxy_stream', '/api/media_player_proxy', '/api/tts_proxy'],
        methods: ['GET', 'HEAD'],
        why: 'pictures and sound in notices and on speakers; signed addresses',
      },
    ],
  },
  'uptime-kuma': {
    title: 'Uptime Kuma',
    source: 'https://github.com/louislam/uptime-kuma/wiki/API-Documentation',
    caution: 'Whoever knows the token of a push monitor may report for it; nothing can be read with it.',
    opens: [
      { paths: ['/api/push'], methods: ['GET', 'POST'], why: 'push monitors; the token is in the path' },
    ],
  },
  gotify: {
    title: 'Gotify',
    source: 'https://gotify.net/docs/pushmsg',
    caution:
      'The tokens of applications and clients are the only lock; they stand in addresses and their logs.',
    opens: [
      { paths: ['=/message'], methods: ['GET', 'POST'], why: 'sending and reading; asks for a token' },
      { paths: ['/application'], methods: ['GET'], why: 'the app lists its senders; asks for a token' },
      { paths: ['=/stream'], methods: ['GET'], why: 'the app listens; asks for a token' },
      { paths: ['=/version', '=/health'], methods: ['GET'], why: 'says its version, and that it is well' },
    ],
  },
  ntfy: {
    title: 'ntfy',
    source: 'https://docs.ntfy.sh/config/#access-control',
    caution:
      'Needs "auth-default-access: deny-all" in ntfy: without it whoever guesses the name of a topic reads and writes it.',
    opens: [
      {
        paths: ['=/*'],
        methods: ['POST', 'PUT'],
        why: 'publishing to a topic; asks for a token where ntfy is set so',
      },
      {
        paths: ['=/*/json', '=/*/sse', '=/*/raw', '=/*/ws', '=/*/auth'],
        methods: ['GET'],
        why: 'the app listens to a topic; asks for a token where ntfy is set so',
      },
      { paths: ['/file'], methods: ['GET', 'HEAD'], why: 'attachments; the name is the secret' },
      { paths: ['=/v1/health'], methods: ['GET'], why: 'says that it is well' },
    ],
  },
  owntracks: {
    title: 'OwnTracks Recorder',
    source: 'https://github.com/owntracks/recorder#http-mode',
    caution:
      'The recorder asks nobody who he is: whoever finds this path may report positions for others. Prefer a service token of the edge as name and password in the app.',
    opens: [{ paths: ['=/pub'], methods: ['POST'], why: 'phones report where they are' }],
  },
} as const satisfies Readonly<Record<string, AccessPreset>>;
