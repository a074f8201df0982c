// `sallyport cache status|list|purge`.
import type { CacheStatus } from '#model/live/cached.ts';
import { cachedOrders } from '#model/live/cached.ts';
import { formatDuration } from '#base/text/duration.ts';
import { SallyportError } from '#base/errors.ts';
import { listOf, numberOf, textOf } from '../command.ts';
import { paint } from '../paint.ts';
import { confirm, edgeCommand, timeText, yesFlag } from './edge-command.ts';

export const cacheStatusCommand = edgeCommand({
  words: ['cache', 'status'],
  usage: '[flags]',
  summary: 'hits, bytes saved, and room taken',
  description: `Shows what the cache has done since the edge started, for all and by hostname,
and how much room it takes in memory and on disk.`,
  examples: ['sallyport cache status', 'sallyport cache status --output json'],
  maxArgs: 0,
  async run(session) {
    const status = await session.api.getCacheStatus();
    if (session.isJson || !status.isOn) {
      return session.show(status, () => 'The cache is off (cache: off in edge.yml).\n');
    }
    session.print(`${summaryText(status, session.context.hasColours)}\n`);
    session.table(
      status.hosts,
      [
        { title: 'HOSTNAME', value: ({ host }) => host, givesWay: true },
        { title: 'HIT RATIO', value: ({ hitRatio }) => percent(hitRatio), alignment: 'right' },
        { title: 'SAVED', value: ({ savedBytes }) => bytesText(savedBytes), alignment: 'right' },
        { title: 'REQUESTS', value: ({ requests }) => String(sum(requests)), alignment: 'right' },
        { title: 'BY RESULT', value: ({ requests }) => words(requests), givesWay: true },
      ],
      'No route with a cache has been asked for anything yet.',
    );
  },
});

function summaryText({ total, memory, disk }: CacheStatus, hasColours: boolean): string {
  const { bold } = paint(hasColours);
  const rows = [
    [
      'Hit ratio',
      `${percent(total.hitRatio)} of ${sum(total.requests)} requests: ${words(total.requests) || 'none yet'}`,
    ],
    ['Saved', `${bytesText(total.savedBytes)} that did not come from home`],
    [
      'Memory',
      `${bytesText(memory.bytes)} of ${bytesText(memory.limitBytes)}, ${memory.entries} responses, ${memory.evictions} evicted`,
    ],
    [
      'Disk',
      disk
        ? `${bytesText(disk.bytes)} of ${bytesText(disk.limitBytes)}, ${disk.entries} responses, ${disk.hits} read back, ${disk.broken} broken, ${disk.skipped} skipped, ${disk.failed} failed`
        : 'off',
    ],
  ];
  return rows.map(([key, value]) => `${bold(key!.padEnd(10))} ${value}\n`).join('');
}

export const cacheListCommand = edgeCommand({
  words: ['cache', 'list'],
  usage: '[flags]',
  summary: 'what is in the cache',
  description: `Lists stored responses, the newest first, or as --sort says.`,
  flags: [
    { name: 'host', type: 'string', value: 'HOST', help: 'only this hostname' },
    { name: 'search', type: 'string', value: 'TEXT', help: 'only addresses and tags that contain it' },
    { name: 'sort', type: 'string', value: 'ORDER', help: `${cachedOrders.join(', ')} (default newest)` },
    { name: 'limit', type: 'integer', value: 'N', help: 'at most this many (default 50)' },
  ],
  examples: ['sallyport cache list', 'sallyport cache list --sort largest --limit 10'],
  maxArgs: 0,
  async run(session) {
    const { input } = session;
    const sort = cachedOrders.find((each) => each === (textOf(input, 'sort') || 'newest'));
    if (!sort) throw new SallyportError('usage', `--sort is one of ${cachedOrders.join(', ')}.`);
    const { items, total } = await session.api.listCached({
      query: {
        sort,
        limit: numberOf(input, 'limit') ?? 50,
        host: textOf(input, 'host') || undefined,
        search: textOf(input, 'search') || undefined,
      },
    });
    session.table(
      items,
      [
        { title: 'URL', value: ({ url }) => url, givesWay: true },
        { title: 'STATUS', value: ({ status }) => String(status) },
        { title: 'SIZE', value: ({ bytes }) => bytesText(bytes), alignment: 'right' },
        { title: 'IN', value: ({ place }) => place },
        { title: 'HITS', value: ({ hits }) => String(hits), alignment: 'right' },
        {
          title: 'FRESH FOR',
          value: ({ freshForMs }) =>
            freshForMs <= 0 ? 'stale' : formatDuration(Math.round(freshForMs / 1000) * 1000),
        },
        { title: 'STORED', value: ({ storedAtMs }) => timeText(storedAtMs) },
        { title: 'TAGS', value: ({ tags }) => tags.join(',') || '-', givesWay: true },
      ],
      'Nothing is stored that fits.',
    );
    if (!session.isJson && total > items.length) session.print(`\n${items.length} of ${total} shown.\n`);
  },
});

export const cachePurgeCommand = edgeCommand({
  words: ['cache', 'purge'],
  usage: '[URL...] [flags]',
  summary: 'take stored responses out of the cache',
  description: `Takes out single addresses, everything below one, a hostname, a tag (of the
origin's Cache-Tag or Surrogate-Key), or everything. What is on its way from the
origin is not kept either.`,
  flags: [
    {
      name: 'prefix',
      type: 'strings',
      value: 'URL',
      help: 'an address and everything below it (repeatable)',
    },
    { name: 'host', type: 'strings', value: 'HOST', help: 'everything of a hostname (repeatable)' },
    { name: 'tag', type: 'strings', value: 'TAG', help: 'everything with this tag (repeatable)' },
    { name: 'all', type: 'boolean', help: 'everything' },
    yesFlag,
  ],
  examples: [
    'sallyport cache purge https://blog.example.com/posts/1',
    'sallyport cache purge --prefix blog.example.com/posts --tag front-page',
  ],
  maxArgs: 100,
  async run(session) {
    const { input } = session;
    const isAll = input.flags.get('all') === true;
    const body = {
      urls: [...input.args],
      prefixes: [...listOf(input, 'prefix')],
      hosts: [...listOf(input, 'host')],
      tags: [...listOf(input, 'tag')],
    };
    if (!isAll && Object.values(body).every(({ length }) => length === 0)) {
      throw new SallyportError('usage', 'Name what to purge: a URL, --prefix, --host, --tag or --all.');
    }
    if (isAll) await confirm(session, `Purge everything at ${session.edge}? Every page is asked for again.`);
    const done = await session.api.purgeCache({ body: isAll ? { everything: true } : body });
    session.show(done, () => done.purged.map((what) => `Purged ${what} at ${session.edge}.\n`).join(''));
  },
});

function sum(requests: Readonly<Record<string, number>>): number {
  return Object.values(requests).reduce((all, count) => all + count, 0);
}

function words(requests: Readonly<Record<string, number>>): string {
  return Object.entries(requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

/** `1.5 MB`, as disks are sold. */
function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
