// Who is led to the sign-in, and who gets 401 with a challenge, as a table of requests as clients really send them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListFields } from '#http/list-fields.ts';
import type { RequestHead } from '#http/exchange.ts';
import { canFollow } from './sign-in-answers.ts';

const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface Row {
  readonly who: string;
  readonly follows: boolean;
  readonly method?: string;
  readonly upgrade?: string;
  readonly fields: readonly string[];
}

const agent = (name: string): readonly string[] => ['User-Agent', name];
const rows: readonly Row[] = [
  {
    who: 'a browser that opens a page',
    follows: true,
    fields: ['Accept', html, 'Sec-Fetch-Mode', 'navigate', ...agent(firefox)],
  },
  { who: 'an old browser that opens a page', follows: true, fields: ['Accept', html, ...agent(firefox)] },
  { who: 'a browser that looks at a head', follows: true, method: 'HEAD', fields: ['Accept', html] },
  {
    who: 'an application that shows the page in a browser',
    follows: true,
    fields: [
      'Accept',
      html,
      'Sec-Fetch-Mode',
      'navigate',
      ...agent('Home Assistant/2026.1 (Android) Mobile'),
    ],
  },
  {
    who: "a page's script",
    follows: false,
    fields: ['Accept', '*/*', 'Sec-Fetch-Mode', 'cors', ...agent(firefox)],
  },
  {
    who: "a page's script that asks for HTML",
    follows: false,
    fields: ['Accept', html, 'Sec-Fetch-Mode', 'same-origin'],
  },
  {
    who: 'a picture',
    follows: false,
    fields: ['Accept', 'image/avif,image/webp,*/*', 'Sec-Fetch-Mode', 'no-cors'],
  },
  {
    who: 'a form that is sent',
    follows: false,
    method: 'POST',
    fields: ['Accept', html, 'Sec-Fetch-Mode', 'navigate'],
  },
  {
    who: 'a WebSocket',
    follows: false,
    upgrade: 'websocket',
    fields: ['Sec-Fetch-Mode', 'websocket', ...agent(firefox)],
  },
  { who: 'a WebSocket that asks for HTML', follows: false, upgrade: 'websocket', fields: ['Accept', html] },
  { who: 'a program for JSON', follows: false, fields: ['Accept', 'application/json'] },
  { who: 'a program that wants anything', follows: false, fields: ['Accept', '*/*'] },
  { who: 'a program without Accept', follows: false, fields: [] },
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT', 'MKCOL'].map((method) => ({
    ...{ who: `WebDAV and its kin by ${method}`, follows: false, method, fields: ['Accept', html] },
  })),
  ...[
    'git/2.50.0',
    'git-lfs/3.7.0 (GitHub; linux amd64; go 1.24)',
    'curl/8.14.1',
    'Wget/1.25.0',
    'python-requests/2.32.3',
    'okhttp/5.0.0',
    'Dart/3.8 (dart:io)',
    'Go-http-client/2.0',
    'docker/28.1.1 go/go1.23.8 kernel/6.12 os/linux arch/amd64',
    'containerd/2.1.0',
    'davfs2/1.7.0 neon/0.34.0',
    'WebDAVFS/3.0.0 (03008000) Darwin/24.5.0 (arm64)',
    'Microsoft-WebDAV-MiniRedir/10.0.26100',
    'DAVx5/4.4.11-ose (2025/05; dav4jvm; okhttp/4.12.0) Android/15',
    'gvfs/1.57.2',
    'rclone/v1.70.0',
    'VLC/3.0.21 LibVLC/3.0.21',
    'Lavf/61.7.100',
    'Kodi/21.2 (X11; Linux x86_64)',
    'Jellyfin Media Player 1.12.0',
    'Mozilla/5.0 (Linux) mirall/3.16.4 (Nextcloud, debian-6.12 ClientArchitecture: x86_64)',
    'Mozilla/5.0 (Android) Nextcloud-android/3.32.0',
    'Bitwarden_Mobile/2025.6.0 (release/standard)',
    'axios/1.9.0',
    'Helm/3.18.0',
  ].map((name) => ({ who: name, follows: false, fields: ['Accept', html, ...agent(name)] })),
];

test('a browser that opens a page is led to the sign-in; whoever could not follow gets 401', () => {
  const wrong = rows.filter(({ follows, method = 'GET', upgrade = '', fields }) => {
    const request = { method, upgrade, fields: new ListFields(fields) } as unknown as RequestHead;
    return canFollow(request) !== follows;
  });
  assert.deepEqual(
    wrong.map(({ who }) => who),
    [],
  );
  assert.ok(rows.length > 40);
});
