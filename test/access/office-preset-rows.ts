// Presets of files, passwords, calendars and talk: see preset-rows.ts.
import type { PresetRows } from './preset-rows.ts';

export const officePresetRows = {
  nextcloud: {
    opens: [
      'PROPFIND /public.php/webdav/',
      'GET /status.php',
      'PROPFIND /remote.php/dav/files/ada/',
      'PUT /remote.php/dav/files/ada/a.txt',
      'GET /.well-known/caldav',
      'PROPFIND /.well-known/carddav',
      'GET /ocs/v2.php/cloud/capabilities',
      'POST /index.php/login/v2/poll',
      'GET /index.php/core/preview',
    ],
    stays: [
      'GET /',
      'GET /index.php/login',
      'POST /index.php/login',
      'GET /index.php/login/v2/flow/abc',
      'GET /index.php/settings/admin',
      'GET /settings/users',
      'GET /index.php/apps/files/',
      'GET /updater/',
      'GET /cron.php',
      'GET /data/nextcloud.log',
      'GET /config/config.php',
      'GET /remote.phpx',
    ],
  },
  vaultwarden: {
    opens: [
      'GET /attachments/1/2',
      'GET /api/sync',
      'POST /identity/connect/token',
      'GET /notifications/hub',
      'GET /icons/example.com/icon.png',
      'GET /alive',
    ],
    stays: [
      'GET /',
      'GET /admin',
      'POST /admin',
      'GET /admin/users/overview',
      'DELETE /identity/x',
      'GET /app/main.js',
    ],
  },
  paperless: {
    opens: ['GET /api/documents/', 'POST /api/documents/post_document/'],
    stays: ['GET /', 'GET /accounts/login/', 'GET /admin/', 'GET /dashboard', 'GET /media/documents/x.pdf'],
  },
  freshrss: {
    opens: [
      'POST /api/greader.php/accounts/ClientLogin',
      'GET /api/greader.php/reader/api/0/tag/list',
      'POST /api/fever.php',
    ],
    stays: ['GET /', 'GET /i/', 'GET /api/', 'GET /p/i/', 'GET /api/query.php'],
  },
  miniflux: {
    opens: [
      'GET /v1/me',
      'POST /fever/',
      'POST /accounts/ClientLogin',
      'GET /reader/api/0/user-info',
      'GET /healthcheck',
    ],
    stays: ['GET /', 'POST /login', 'GET /settings', 'GET /users', 'GET /metrics'],
  },
  baikal: {
    opens: [
      'PROPFIND /dav.php/calendars/ada/',
      'PUT /dav.php/addressbooks/ada/default/x.vcf',
      'GET /.well-known/carddav',
    ],
    stays: ['GET /', 'GET /admin/', 'GET /admin/install/', 'GET /Specific/db/db.sqlite'],
  },
  radicale: {
    opens: [
      'PROPFIND /.well-known/carddav',
      'GET /.well-known/caldav',
      'PROPFIND /ada/',
      'REPORT /ada/calendar/',
      'PUT /ada/calendar/x.ics',
      'GET /ada/calendar/x.ics',
      'OPTIONS /',
    ],
    stays: ['GET /', 'GET /.web', 'POST /.web/'],
  },
  matrix: {
    opens: [
      'GET /_matrix/client/versions',
      'PUT /_matrix/federation/v1/send/1',
      'GET /.well-known/matrix/server',
    ],
    stays: [
      'GET /',
      'GET /_synapse/admin/v1/server_version',
      'GET /_dendrite/admin',
      'GET /health',
      'GET /metrics',
    ],
  },
} satisfies Record<string, PresetRows>;
