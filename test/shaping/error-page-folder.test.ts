// Error pages in a folder below the data folder, whole: the owner puts files there, one command has a route use them, a reload
// reads them anew, and a link among them leads nowhere.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

let edge: OwnEdge;
let origin: RecordingOrigin;
let folder: string;
before(async () => {
  origin = await RecordingOrigin.start(({ requestLine }) => {
    const status = /^GET \/(\d{3})/.exec(requestLine)?.[1] ?? '200';
    return `HTTP/1.1 ${status} X\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nplain!`;
  });
  edge = await OwnEdge.start();
  folder = join(edge.dataDir, 'pages', 'blog');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '404.html'), '<h1>Nothing at {host}: {status}</h1>');
  writeFileSync(join(folder, '5xx.html'), '<h1>Sorry</h1>');
  writeFileSync(join(folder, 'notes.txt'), 'not a page');
  writeFileSync(join(edge.folder, 'secret'), 'a secret');
  symlinkSync(join(edge.folder, 'secret'), join(folder, '410.html'));
  await edge.serve('home', ['blog.localhost'], origin.url);
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

/** Status and body for a visitor who reads HTML, or another. */
function read(path: string, accept = 'text/html'): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ca: edge.ca, lookup: loopbackLookup, agent: false as const, timeout: 30_000 };
    requestHttps(
      `https://blog.localhost:${edge.port}${path}`,
      { ...options, headers: { Accept: accept } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('error', reject).on('end', () => resolve(`${response.statusCode} ${body}`));
      },
    )
      .on('timeout', () => reject(new Error(`no answer to ${path}`)))
      .on('error', reject)
      .end();
  });
}

test('files of the folder are the pages, by status and by kind, for who reads HTML', async () => {
  assert.equal(await read('/404'), '404 plain!');
  const set = await edge.command('route', 'update', 'blog.localhost', '--error-pages', '{folder: blog}');
  assert.equal(set.code, 0, set.err);
  assert.equal(await read('/404'), '404 <h1>Nothing at blog.localhost: 404</h1>');
  assert.equal(await read('/503'), '503 <h1>Sorry</h1>');
  assert.equal(await read('/404', 'application/json'), '404 plain!');
  assert.equal(await read('/200'), '200 plain!');
  assert.equal(await read('/403'), '403 plain!', 'no file is for it');
});

test('a link is no page, and the log says so', async () => {
  assert.equal(await read('/410'), '410 plain!');
  await edge.says(/an error page is no plain file of at most 64 KiB .*410\.html/);
});

test('a changed file counts when the configuration comes into force again', async () => {
  writeFileSync(join(folder, '404.html'), '<h1>Other words</h1>');
  assert.equal(
    await read('/404'),
    '404 <h1>Nothing at blog.localhost: 404</h1>',
    'nothing is read per request',
  );
  const set = await edge.command('route', 'update', 'blog.localhost', '--note', 'read again');
  assert.equal(set.code, 0, set.err);
  await eventually('the new page', async () => (await read('/404')) === '404 <h1>Other words</h1>');
});
