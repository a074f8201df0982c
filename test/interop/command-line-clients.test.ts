// The clients that people have at hand, through edge, tunnel and connector: curl, wget, and git over HTTP with a real
// repository behind git's own http-backend.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { type Demo, startDemo } from '../support/demo.ts';
import { isInstalled, run } from '../support/process.ts';

const host = 'files.localhost';
const content = randomBytes(3_000_000);

let folder: string;
let origin: Server;
let demo: Demo;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-interop-'));
  origin = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as { port: number };
  demo = await startDemo({ services: { [host]: `http://127.0.0.1:${port}` } });
  await writeFile(join(folder, 'content'), content);
});

after(async () => {
  await demo.close();
  origin.closeAllConnections();
  origin.close();
  await rm(folder, { recursive: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url!.startsWith('/git/')) return answerGit(request, response);
  if (request.method === 'PUT' || request.method === 'POST') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end(
      `${Buffer.concat(chunks).equals(content)} ${request.headers['transfer-encoding'] ?? 'length'}`,
    );
    return;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const part = range ? content.subarray(Number(range[1]), Number(range[2]) + 1) : content;
  const headers = range ? { 'content-range': `bytes ${range[1]}-${range[2]}/${content.length}` } : {};
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': part.length,
    'accept-ranges': 'bytes',
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}

/** The Common Gateway Interface (RFC 3875), as far as git needs it. */
function answerGit(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, 'http://origin');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname.slice('/git'.length),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'test',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  let head = Buffer.alloc(0);
  let isHeadDone = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (isHeadDone) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    isHeadDone = true;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name, value] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()];
      if (name.toLowerCase() === 'status') response.statusCode = Number(value.slice(0, 3));
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
  });
  child.stdout.on('end', () => response.end());
}

function curl(...args: string[]): Promise<string> {
  const resolve = `${host}:${demo.httpsPort}:127.0.0.1`;
  return run('curl', ['-sS', '--fail', '--cacert', demo.caFile, '--resolve', resolve, ...args]);
}

function url(path: string): string {
  return `https://${host}:${demo.httpsPort}${path}`;
}

for (const version of ['--http1.1', '--http2']) {
  test(`curl ${version} downloads, asks for a range and for a head`, async () => {
    const file = join(folder, `down${version}`);
    await curl(version, '-o', file, url('/content'));
    assert.ok((await readFile(file)).equals(content));
    await curl(version, '-r', '1000-1999', '-o', file, url('/content'));
    assert.ok((await readFile(file)).equals(content.subarray(1000, 2000)));
    assert.match(await curl(version, '-I', url('/content')), /content-length: 3000000/i);
  });

  test(`curl ${version} uploads with a length, without one, and after 100 Continue`, async () => {
    const file = join(folder, 'content');
    assert.match(await curl(version, '-T', file, url('/up')), /^true/);
    assert.match(
      await curl(version, '-X', 'PUT', '-H', 'Expect: 100-continue', '-T', file, url('/up')),
      /^true/,
    );
    const chunked = await run('sh', [
      '-c',
      `cat ${file} | curl -sS --fail ${version} --cacert ${demo.caFile} --resolve ${host}:${demo.httpsPort}:127.0.0.1 -T - ${url('/up')}`,
    ]);
    assert.equal(chunked, 'true chunked');
  });
}

test('wget downloads a page of the sample site', async (context) => {
  if (!(await isInstalled('wget')))
    return context.skip('wget is not installed; test/system-packages.sh installs it');
  // wget can be told no address for a name; the address and a Host field serve, and the CA is not asked.
  const page = await run('wget', [
    '-qO-',
    '--no-check-certificate',
    `--header=Host: blog.localhost:${demo.httpsPort}`,
    `https://127.0.0.1:${demo.httpsPort}/`,
  ]);
  assert.match(page, /<html/);
});

test('git clones and pushes a real repository through the tunnel', async () => {
  const git = (cwd: string, ...args: string[]): Promise<string> =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd,
      env: {
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_SSL_CAINFO: demo.caFile,
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'http.curloptResolve',
        GIT_CONFIG_VALUE_0: `${host}:${demo.httpsPort}:127.0.0.1`,
      },
    });
  await git(folder, 'init', '-q', '--bare', '-b', 'main', 'site.git');
  await git(join(folder, 'site.git'), 'config', 'http.receivepack', 'true');
  await git(folder, 'clone', '-q', url('/git/site.git'), 'work');
  const work = join(folder, 'work');
  await git(work, 'checkout', '-q', '-B', 'main');
  // Larger than http.postBuffer, so that git sends the pack in chunks.
  await writeFile(join(work, 'large'), content);
  await git(work, 'add', '.');
  await git(work, 'commit', '-q', '-m', 'one');
  await git(work, 'push', '-q', 'origin', 'main');
  await git(folder, 'clone', '-q', url('/git/site.git'), 'again');
  assert.ok((await readFile(join(folder, 'again', 'large'))).equals(content));
});
