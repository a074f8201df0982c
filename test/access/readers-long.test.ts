// Servers read paths in their own ways. A family of them in a few lines each, every combination of their habits, against the
// edge's two readings: whatever any of them takes for a path below a protected one, a rule that turns away has met; and what a
// rule lets through lies below its path for every one of them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compilePath, isSurelyBelow, mayBeBelow, readingsOf } from '#http/access/path-readings.ts';
import { canonicalPath } from '#http/request-target.ts';

interface Habits {
  readonly decodings: number;
  /** Of `;parameters`: not at all, before escapes are decoded, or after. */
  readonly cuts: 'never' | 'before' | 'after';
  readonly backslash: boolean;
  readonly mergesSlashes: boolean;
  readonly foldsCase: boolean;
  readonly trims: boolean;
  readonly compatible: boolean;
  readonly endsAt: '' | '\0' | '?' | '#';
}

const habits: fc.Arbitrary<Habits> = fc.record({
  decodings: fc.nat(3),
  cuts: fc.constantFrom('never', 'before', 'after'),
  backslash: fc.boolean(),
  mergesSlashes: fc.boolean(),
  foldsCase: fc.boolean(),
  trims: fc.boolean(),
  compatible: fc.boolean(),
  endsAt: fc.constantFrom('', '\0', '?', '#'),
});

/** Segments of the file or resource that such a server would look for. */
function read(path: string, by: Habits): string[] {
  const cut = (text: string): string => text.replace(/;[^/]*/g, '');
  let text = by.cuts === 'before' ? cut(path) : path;
  for (let i = 0; i < by.decodings; i++) text = decodeOnce(text);
  if (by.compatible) text = Buffer.from(text, 'latin1').toString('utf8').normalize('NFKC');
  if (by.endsAt !== '') text = text.split(by.endsAt)[0]!;
  if (by.backslash) text = text.replaceAll('\\', '/');
  if (by.cuts === 'after') text = cut(text);
  if (by.foldsCase) text = text.toLowerCase();
  const out: string[] = [];
  for (const segment of text.split('/').slice(1)) {
    const name = by.trims && !/^\.+$/.test(segment) ? segment.replace(/[. ]+$/, '') : segment;
    if (name === '..') out.pop();
    else if (name !== '.' && !(name === '' && by.mergesSlashes)) out.push(name);
  }
  return out;
}

function decodeOnce(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

const pieces = [
  ...[
    '/',
    '/',
    '/',
    '/secret',
    '/secret/',
    'secret',
    'SECRET',
    's',
    '%73',
    '%2573',
    '%2e',
    '.',
    '..',
    '/..',
    '/../',
  ],
  ...[
    '%2f',
    '%2F',
    '%252f',
    '%25252f',
    '%5c',
    '%255c',
    '%252e',
    '%252e%252e',
    '%25252e',
    ';',
    '%3b',
    '%253b',
    ';x=1',
  ],
  ...[
    '%3f',
    '%253f',
    '%23',
    '%00',
    '%2500',
    '%20',
    '%2520',
    '//',
    '/./',
    '/open',
    '/open/',
    'open',
    'x',
    'key',
    '%25',
  ],
  ...[
    '%c0%af',
    '%25c0%25af',
    '%ef%bc%8f',
    '%ef%bd%93ecret',
    '%ef%bc%8e',
    '%e2%80%a5',
    '%u002e',
    '\\',
    '#',
    '::$DATA',
    ' ',
  ],
];
const rawPaths = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 })
  .map((all) => `/${all.join('')}`);

/** Undefined: refused for everybody. */
function canonical(raw: string): string | undefined {
  try {
    return canonicalPath(raw);
  } catch {
    return undefined;
  }
}

const isBelow = (segments: readonly string[], prefix: readonly string[]): boolean =>
  prefix.every((name, i) => segments[i] === name);

describe('servers of all habits', () => {
  test('take nothing for a protected path that the edge takes for another', () => {
    let below = 0;
    fc.assert(
      fc.property(rawPaths, habits, (raw, by) => {
        const path = canonical(raw);
        if (path === undefined || !isBelow(read(path, by), ['secret'])) return;
        below++;
        assert.ok(
          mayBeBelow(readingsOf(path), compilePath('/secret')),
          `${path} is ${read(path, by).join('/')}`,
        );
      }),
      { numRuns: 4_000_000 },
    );
    assert.ok(below > 500, `only ${below} cases meant anything`);
  });

  test('find what was let through below the path that let it through', () => {
    let below = 0;
    fc.assert(
      fc.property(rawPaths, habits, fc.constantFrom('/open', '/open/key', '=/open'), (raw, by, rule) => {
        const path = canonical(raw);
        if (path === undefined || !isSurelyBelow(readingsOf(path), compilePath(rule))) return;
        below++;
        const wanted = rule.replace('=', '').split('/').slice(1);
        const found = read(path, by);
        assert.ok(isBelow(found, wanted), `${path} is ${found.join('/')}`);
      }),
      { numRuns: 4_000_000 },
    );
    assert.ok(below > 300, `only ${below} cases meant anything`);
  });

  test('harmless names that look odd stay where they are', () => {
    const names = [
      ...[
        '/open/Song%20%231.mp3',
        '/open/What%3F.txt',
        '/open/100%25',
        '/open/caf%C3%A9',
        '/open/caf%E9',
        '/open/a;b=c',
      ],
      ...[
        '/open/Talk:Page',
        '/open/wait%E2%80%A6.txt',
        '/open/a%2Fb',
        '/open/Upper',
        '/open/.hidden',
        '/open/a..b',
        '/open/v1.',
      ],
    ];
    for (const name of names) {
      const readings = readingsOf(canonicalPath(name));
      assert.ok(isSurelyBelow(readings, compilePath('/open')), name);
      assert.ok(!mayBeBelow(readings, compilePath('/secret')), name);
    }
  });
});
