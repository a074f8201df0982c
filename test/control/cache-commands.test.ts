// The cache as an owner uses it: what it has, why a request missed, and taking things out, by `sallyport` commands against a
// running edge.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CachedResponse, CacheStatus } from '#model/live/cached.ts';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { startProcess } from '../support/process.ts';

let demo: Demo;
before(async () => void (demo = await startDemo()));
after(() => demo?.close());

async function sallyport(...args: string[]): Promise<string> {
  const running = startProcess(sallyportCommand, [...args, '--socket', demo.adminSocket]);
  const code = await running.ended;
  assert.equal(code, 0, running.stderr());
  return running.stdout();
}

const post = '/posts/a-door-that-opens-outward';

/** CF-Cache-Status of a page of the demo. */
async function ask(path = post): Promise<string> {
  const running = startProcess('curl', [
    ...[
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%header{cf-cache-status}',
      '--max-time',
      '10',
      '--cacert',
      demo.caFile,
    ],
    ...['--connect-to', `::127.0.0.1:${demo.httpsPort}`, `https://blog.localhost:${demo.httpsPort}${path}`],
  ]);
  await running.ended;
  return running.stdout();
}

test('S3-24 the cache says what it has, explain why there was no hit, and a purge takes effect', async () => {
  const url = `https://blog.localhost:${demo.httpsPort}${post}`;
  assert.match(
    await sallyport('explain', 'blog.localhost/'),
    /cache +Not from the cache\n +The response names no lifetime/,
  );
  await sallyport('cache', 'purge', '--all', '--yes');
  assert.match(await sallyport('explain', url), /cache +A miss: nothing was stored for it/);
  assert.equal(await ask(), 'HIT');
  assert.match(await sallyport('explain', url), /cache +Answered from the cache[^]*origin +Not asked/);
  const stored = JSON.parse(await sallyport('cache', 'list', '--output', 'json')) as CachedResponse[];
  assert.deepEqual(
    stored.map((each) => [each.url, each.status]),
    [[`https://blog.localhost${post}`, 200]],
  );
  const status = JSON.parse(await sallyport('cache', 'status', '--output', 'json')) as CacheStatus;
  assert.ok(status.hosts.some(({ host, requests }) => host === 'blog.localhost' && requests['HIT']! >= 1));
  assert.ok(status.total.savedBytes > 0);
  assert.match(await sallyport('cache', 'status'), /Hit ratio +\d+\.\d % of \d+ requests/);
  for (const how of [[url], ['--host', 'blog.localhost'], ['--prefix', 'blog.localhost/posts']]) {
    assert.match(await sallyport('cache', 'purge', ...how), /^Purged .*blog\.localhost/);
    assert.deepEqual([await ask(), await ask()], ['MISS', 'HIT'], how.join(' '));
  }
  assert.match(await sallyport('audit', '--noun', 'cache'), /purged cache +everything of blog\.localhost/);
});
