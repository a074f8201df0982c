// Presets of code, its packages, graphs and flows: see preset-rows.ts.
import type { PresetRows } from './preset-rows.ts';

export const workshopPresetRows = {
  gitea: {
    opens: [
      'POST /api/actions/runner.v1.RunnerService/Register',
      'GET /api/healthz',
      'GET /ada/site.git/info/refs',
      'POST /ada/site.git/git-upload-pack',
      'POST /ada/site/git-receive-pack',
      'POST /ada/site.git/info/lfs/objects/batch',
      'GET /api/v1/version',
      'PUT /api/packages/ada/generic/x/1/f',
      'GET /v2/',
      'POST /login/oauth/access_token',
    ],
    stays: [
      'GET /',
      'GET /ada/site',
      'GET /ada/site/settings',
      'POST /user/login',
      'GET /admin/users',
      'POST /',
      'GET /install',
      'GET /metrics',
      'GET /explore/users',
      'GET /login/oauth/authorize',
      'GET /api/internal/hook',
    ],
  },
  gitlab: {
    opens: [
      'POST /ada/site.git/info/lfs/objects/batch',
      'GET /ada/site.git/info/refs',
      'POST /ada/site.git/git-upload-pack',
      'GET /api/v4/projects',
      'GET /jwt/auth',
    ],
    stays: [
      'GET /',
      'GET /users/sign_in',
      'GET /admin',
      'GET /ada/site',
      'GET /-/metrics',
      'GET /api/v3/internal',
    ],
  },
  git: {
    opens: [
      'POST /srv/site.git/info/lfs/objects/batch',
      'GET /srv/site.git/info/refs',
      'POST /srv/site.git/git-receive-pack',
    ],
    stays: [
      'GET /',
      'GET /srv/site.git/config',
      'GET /srv/site.git/objects/pack/x.pack',
      'PUT /srv/site.git/info/refs',
    ],
  },
  registry: {
    opens: ['GET /v2/', 'PUT /v2/app/manifests/1', 'POST /v2/app/blobs/uploads/'],
    stays: ['GET /', 'GET /v1/_ping', 'GET /metrics', 'GET /debug/vars', 'GET /v2x/'],
  },
  harbor: {
    opens: ['GET /v2/', 'GET /service/token'],
    stays: [
      'GET /',
      'GET /api/v2.0/users',
      'POST /c/login',
      'GET /harbor/projects',
      'GET /service/notifications',
    ],
  },
  grafana: {
    opens: [
      'GET /api/health',
      'POST /api/dashboards/db',
      'POST /api/ds/query',
      'GET /api/v1/provisioning/alert-rules',
    ],
    stays: [
      'GET /',
      'GET /login',
      'POST /login',
      'GET /admin/users',
      'GET /d/abc/home',
      'GET /api/admin/settings',
      'GET /api/users',
      'POST /api/plugins/x/install',
      'GET /metrics',
    ],
  },
  prometheus: {
    opens: ['POST /api/v1/write'],
    stays: [
      'GET /',
      'GET /graph',
      'GET /api/v1/query',
      'GET /metrics',
      'POST /-/reload',
      'POST /api/v1/admin/tsdb/delete_series',
      'GET /config',
    ],
  },
  n8n: {
    opens: ['POST /webhook/abc', 'GET /webhook-waiting/12', 'GET /api/v1/workflows'],
    stays: ['GET /', 'POST /rest/login', 'POST /webhook-test/abc', 'GET /setup', 'GET /metrics'],
  },
  'node-red': {
    opens: ['POST /hook/door', 'GET /hook'],
    stays: [
      'GET /',
      'GET /red/',
      'POST /flows',
      'GET /settings',
      'GET /ui',
      'POST /auth/token',
      'GET /hooks',
    ],
  },
} satisfies Record<string, PresetRows>;
