// Presets of files, calendars, passwords, papers and talk; see access-preset.ts.
import type { AccessPreset } from './access-preset.ts';

export const officePresets = {
  nextcloud: {
    title: 'Nextcloud',
    source: 'https://docs.nextcloud.com/server/latest/developer_manual/client_apis/index.html',
    caution:
      'Links that you have shared publicly work for WebDAV. Make an app password for each device in a browser: the sign-in page itself stays behind the edge.',
    opens: [
      { paths: ['=/status.php', '=/index.php/204'], methods: ['GET'], why: 'clients look what stands here' },
      {
        paths: [
          '=/.well-known/carddav',
          '=/.well-known/caldav',
          '=/.well-known/webfinger',
          '=/.well-known/nodeinfo',
        ],
        why: 'calendars and address books find their way',
      },
      { paths: ['/remote.php'], why: 'files, calendars, contacts; app password each time' },
      {
        paths: ['/public.php/webdav', '/public.php/dav'],
        why: 'what was shared publicly; the link is the secret',
      },
      { paths: ['/ocs/v1.php', '/ocs/v2.php'], why: 'the API of clients; app password each time' },
      {
        paths: ['=/index.php/login/v2', '=/login/v2', '=/index.php/login/v2/poll', '=/login/v2/poll'],
        methods: ['POST'],
        why: 'clients ask to be signed in, and wait until somebody has done so in a browser',
      },
      {
        paths: ['/index.php/core/preview', '/index.php/core/preview.png', '/index.php/avatar'],
        methods: ['GET', 'HEAD'],
        why: 'small pictures; app password each time',
      },
    ],
  },
  vaultwarden: {
    title: 'Vaultwarden and Bitwarden',
    source: 'https://github.com/dani-garcia/vaultwarden/wiki/Proxy-examples',
    caution:
      'The vault is as strong as its master passwords and second factors. Switch SIGNUPS_ALLOWED off. /admin and the web vault stay closed.',
    opens: [
      { paths: ['/api', '/events'], why: 'apps and browser extensions; asks for a token' },
      {
        paths: ['/identity'],
        methods: ['GET', 'POST'],
        why: 'apps sign in at the vault and renew their token',
      },
      { paths: ['/notifications'], methods: ['GET', 'POST'], why: 'word of changes; asks for a token' },
      { paths: ['/icons'], methods: ['GET', 'HEAD'], why: 'pictures of sites' },
      { paths: ['/attachments'], methods: ['GET', 'HEAD'], why: 'files; signed addresses' },
      { paths: ['=/alive'], methods: ['GET', 'HEAD'], why: 'says that it is well' },
    ],
  },
  paperless: {
    title: 'Paperless-ngx',
    source: 'https://docs.paperless-ngx.com/api/',
    caution: 'The API takes name and password, too; Paperless does not slow down who guesses.',
    opens: [{ paths: ['/api'], why: 'apps; asks for a token' }],
  },
  freshrss: {
    title: 'FreshRSS',
    source: 'https://freshrss.github.io/FreshRSS/en/developers/06_GoogleReader_API.html',
    caution: 'Works only where API access is allowed in FreshRSS; each user has an API password of its own.',
    opens: [
      {
        paths: ['/api/greader.php', '=/api/fever.php'],
        methods: ['GET', 'HEAD', 'POST'],
        why: 'reading apps; API password',
      },
    ],
  },
  miniflux: {
    title: 'Miniflux',
    source: 'https://miniflux.app/docs/api.html',
    caution: 'The API takes name and password, too.',
    opens: [
      {
        paths: ['/v1', '/fever', '/reader/api', '=/accounts/ClientLogin'],
        why: 'reading apps; asks for a key',
      },
      { paths: ['=/healthcheck'], methods: ['GET'], why: 'says that it is well' },
    ],
  },
  baikal: {
    title: 'Baïkal',
    source: 'https://sabre.io/baikal/',
    caution: 'Apps send name and password each time; Baïkal does not slow down who guesses.',
    opens: [
      { paths: ['=/.well-known/carddav', '=/.well-known/caldav'], why: 'apps find their way' },
      { paths: ['/dav.php', '/cal.php', '/card.php'], why: 'calendars and address books; name and password' },
    ],
  },
  radicale: {
    title: 'Radicale',
    source: 'https://radicale.org/v3.html',
    caution: 'Needs a kind of "auth" other than "none" in Radicale. Everything but its web pages opens.',
    opens: [
      { paths: ['=/.well-known/carddav', '=/.well-known/caldav'], why: 'apps find their way' },
      {
        paths: ['/'],
        methods: [
          'OPTIONS',
          'PROPFIND',
          'PROPPATCH',
          'REPORT',
          'MKCALENDAR',
          'MKCOL',
          'PUT',
          'DELETE',
          'MOVE',
        ],
        why: 'calendars and address books; name and password each time',
      },
      { paths: ['/*/*'], methods: ['GET', 'HEAD'], why: 'one entry; name and password each time' },
    ],
  },
  matrix: {
    title: 'Matrix (Synapse, Conduit, Dendrite)',
    source: 'https://spec.matrix.org/latest/client-server-api/',
    caution:
      'The server speaks with all the world, as it is meant to. Switch open registration off; /_synapse/admin stays closed.',
    opens: [
      { paths: ['/_matrix'], why: 'clients with their token, and other servers with their signatures' },
      { paths: ['/.well-known/matrix'], methods: ['GET', 'HEAD'], why: 'clients and servers find their way' },
    ],
  },
} as const satisfies Readonly<Record<string, AccessPreset>>;
