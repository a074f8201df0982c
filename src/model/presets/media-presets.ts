// Presets of music, films, books and photographs; see access-preset.ts.
import type { AccessPreset } from './access-preset.ts';

export const mediaPresets = {
  jellyfin: {
    title: 'Jellyfin',
    source: 'https://jellyfin.org/docs/general/networking/',
    caution:
      'Jellyfin hands out pictures, and streams whose id somebody knows, without a token. Its web pages, plugins, settings, keys and the first set-up stay closed; administer it in a browser.',
    opens: [
      {
        paths: ['=/System/Info/Public', '=/System/Ping', '=/System/Endpoint', '/Branding', '=/Users/Public'],
        methods: ['GET', 'POST'],
        why: 'apps look what stands here before they sign in',
      },
      {
        paths: ['=/Users/AuthenticateByName', '=/Users/AuthenticateWithQuickConnect', '/QuickConnect'],
        methods: ['GET', 'POST'],
        why: 'apps sign in at Jellyfin, which slows down who guesses',
      },
      {
        paths: ['/Users', '/UserViews', '/UserImage', '/DisplayPreferences', '/Localization'],
        methods: ['GET', 'HEAD'],
        why: 'the user and his views; asks for a token',
      },
      {
        paths: ['/Users/*/PlayedItems', '/Users/*/FavoriteItems', '/Users/*/PlayingItems', '/Users/*/Items'],
        methods: ['GET', 'POST', 'DELETE'],
        why: 'what was seen and liked; asks for a token',
      },
      {
        paths: [
          '/UserPlayedItems',
          '/UserFavoriteItems',
          '/UserItems',
          '/PlayingItems',
          '/DisplayPreferences',
        ],
        methods: ['GET', 'POST', 'DELETE'],
        why: 'the same in newer versions; asks for a token',
      },
      {
        paths: ['/Items', '/Shows', '/Movies', '/Artists', '/Albums', '/Songs', '/Genres', '/MusicGenres'],
        methods: ['GET', 'HEAD'],
        why: 'what there is to see and hear, with pictures; asks for a token, but for pictures',
      },
      {
        paths: ['/Persons', '/Studios', '/Years', '/Search', '/Channels', '/Trailers', '/MediaSegments'],
        methods: ['GET', 'HEAD'],
        why: 'the same; asks for a token',
      },
      { paths: ['/Items/*/PlaybackInfo'], methods: ['POST'], why: 'how to play it; asks for a token' },
      {
        paths: ['/Videos', '/Audio', '/LiveTv', '/LiveStreams', '/MediaInfo'],
        methods: ['GET', 'HEAD', 'POST', 'DELETE'],
        why: 'streams; some need only the id of what is played',
      },
      { paths: ['/Playlists', '/SyncPlay'], why: 'lists, and watching together; asks for a token' },
      {
        paths: ['/Sessions', '/Playback'],
        methods: ['GET', 'POST', 'DELETE'],
        why: 'how far; asks for a token',
      },
      { paths: ['=/socket'], methods: ['GET'], why: 'the WebSocket of apps; asks for a token' },
    ],
  },
  navidrome: {
    title: 'Navidrome',
    source: 'https://www.navidrome.org/docs/developers/subsonic-api/',
    caution:
      'Subsonic apps send the password with every request; Navidrome slows down only who guesses at its own pages.',
    opens: [
      {
        paths: ['/rest'],
        methods: ['GET', 'HEAD', 'POST'],
        why: 'Subsonic apps; name and password each time',
      },
    ],
  },
  subsonic: {
    title: 'Subsonic, Airsonic, Gonic, Funkwhale and other servers of its API',
    source: 'https://www.subsonic.org/pages/api.jsp',
    caution:
      'Apps send the password, or a hash of it, with every request; look whether your server slows down who guesses.',
    opens: [
      {
        paths: ['/rest'],
        methods: ['GET', 'HEAD', 'POST'],
        why: 'Subsonic apps; name and password each time',
      },
    ],
  },
  audiobookshelf: {
    title: 'Audiobookshelf',
    source: 'https://api.audiobookshelf.org/',
    caution: 'The sign-in of Audiobookshelf becomes reachable for its apps; it counts attempts by address.',
    opens: [
      {
        paths: ['=/ping', '=/status', '=/healthcheck'],
        methods: ['GET'],
        why: 'apps look what stands here before they sign in',
      },
      { paths: ['=/login', '=/logout'], methods: ['POST'], why: 'apps sign in and out' },
      { paths: ['=/auth/refresh'], methods: ['POST'], why: 'apps renew their token with another' },
      { paths: ['/api'], why: 'everything apps do; asks for a token' },
      { paths: ['/socket.io'], methods: ['GET', 'POST'], why: 'word of changes; asks for a token' },
      {
        paths: ['/hls', '/public/session'],
        methods: ['GET', 'HEAD'],
        why: 'sound; the session is the secret',
      },
      {
        paths: ['/feed'],
        methods: ['GET', 'HEAD'],
        why: 'RSS feeds that you opened; the address is the secret',
      },
    ],
  },
  immich: {
    title: 'Immich',
    source: 'https://immich.app/docs/administration/reverse-proxy/',
    caution:
      'The API is all of Immich, its administration too, behind its own tokens. Finish the set-up first: the first who comes becomes its administrator.',
    opens: [
      { paths: ['=/.well-known/immich'], methods: ['GET'], why: 'the app looks where the API is' },
      { paths: ['/api'], why: 'the app; asks for a token or key' },
    ],
  },
  arr: {
    title: 'Sonarr, Radarr, Lidarr, Prowlarr, Readarr',
    source: 'https://wiki.servarr.com/',
    caution: 'The API key may do everything. Its pages, which tell it to whoever gets there, stay closed.',
    opens: [
      { paths: ['/api'], why: 'apps and other programs; asks for the API key' },
      { paths: ['/feed'], methods: ['GET', 'HEAD'], why: 'calendars; asks for the API key in the address' },
      { paths: ['=/ping'], methods: ['GET'], why: 'says that it is well' },
    ],
  },
  'calibre-web': {
    title: 'Calibre-Web',
    source: 'https://github.com/janeczku/calibre-web/wiki/Setup-Reverse-Proxy',
    caution: 'Anonymous browsing, where it is on in Calibre-Web, is on for everybody then.',
    opens: [
      { paths: ['/opds'], methods: ['GET', 'HEAD'], why: 'reading apps; name and password each time' },
      { paths: ['/kobo'], why: 'Kobo readers; the token is in the path' },
    ],
  },
  seerr: {
    title: 'Overseerr, Jellyseerr',
    source: 'https://docs.seerr.dev/',
    caution: 'The API key may do everything, and the sign-in of the API becomes reachable.',
    opens: [{ paths: ['/api/v1'], why: 'apps and other programs; asks for the API key or a session' }],
  },
} as const satisfies Readonly<Record<string, AccessPreset>>;
