// Ways to write a path so that two readers might not agree on it: what stands before a name, how it is spelt, what stands
// between names, and what comes after. Every pair of two kinds, and of every kind all.

/** A request target as it goes over the wire, latin1. */
export type Game = string;

const before = [
  ...[
    '/',
    '//',
    '///',
    '/./',
    '/.//',
    '/public/../',
    '/public/%2e%2e/',
    '/public/%2E./',
    '/public/.%2e/',
    '/x/../',
  ],
  ...[
    '/public/..%2f',
    '/public/..%2F',
    '/public%2f..%2f',
    '/public/%2e%2e%2f',
    '/public/%252e%252e/',
    '/public/%252e%252e%252f',
  ],
  ...[
    '/public/..%252f',
    '/public/..;/',
    '/public/..;a=b/',
    '/public/;/../',
    '/public/..%3b/',
    '/public/.;/../',
    '/;/',
    '/;a=b/',
  ],
  ...[
    '/;a%2f/',
    '/;x%2Fpublic/',
    '/%2f',
    '/%2F%2F',
    '/%252f',
    '/%2e/',
    '/%2e%2f',
    '/%252e/',
    '/%20/',
    '/ /',
    '/%09/',
    '/.%20/',
  ],
  ...[
    '/public\\..\\',
    '/public/..\\',
    '/public/%5c..%5c',
    '/public/..%5c',
    '/public/..%255c',
    '/%5c',
    '/%255c',
    '\\',
    '/\\/',
  ],
  ...[
    '/public/..%c0%af',
    '/public/..%25c0%25af',
    '/public/%c0%ae%c0%ae/',
    '/%c0%af',
    '/public/%e0%80%ae%e0%80%ae/',
    '/%u002f',
  ],
  ...[
    '/public/..%00/',
    '/%00/',
    '/public/%00/../',
    '/public/..%2500/',
    '/public/..%ef%bc%8f',
    '/public/%ef%bc%8e%ef%bc%8e/',
  ],
  ...[
    '/public/%e2%80%a5/',
    '/public/....//',
    '/public/.../',
    '/public//../',
    '/public//..//',
    '/public/deep/../../',
  ],
  ...[
    '/public?/../',
    '/public%3f/../',
    '/public#/../',
    '/public%23/../',
    '/public/%2e%2e/%2e%2e/',
    '/../',
    '/..//',
    '/%2e%2e/',
  ],
  ...[
    'http://HOST/',
    'HTTP://HOST//',
    'https://HOST/public/../',
    'http://HOST@x.test/',
    'http://x.test/',
    'http://HOST:80/',
    '//HOST/',
  ],
  ...[
    'http://HOST\\@x.test/',
    'http:/',
    'http:///',
    'HOST/',
    '*/',
    '',
    '/?/',
    '/\xc0\xaf',
    '/\xff/',
    '/\t/',
    '/\x00/',
    '/%/',
  ],
];

const names = [
  ...[
    'secret',
    'SECRET',
    'Secret',
    's%65cret',
    '%73ecret',
    '%2573ecret',
    '%252573ecret',
    'sec%72et',
    'secre%74',
    'secre%54',
  ],
  ...[
    '%73%65%63%72%65%74',
    '%C5%BFecret',
    '%EF%BD%93ecret',
    'secret.',
    'secret%20',
    'secret%2e',
    'secret%00',
    'secret%2500',
  ],
  ...[
    'secret;',
    'secret;a=b',
    'secret%3b',
    'secret%253b',
    'secret::$DATA',
    'secret:',
    'secret~',
    'secret%3f',
    'secret%23',
    'se%00cret',
  ],
  ...[
    'se\\cret',
    'secret%0a',
    'secret%0d%0a',
    'secret+',
    'secret*',
    'secre[t]',
    'public',
    'other',
    'Public',
    'pub%6cic',
  ],
];

const between = [
  ...[
    '/',
    '//',
    '/./',
    '%2f',
    '%2F',
    '%252f',
    '%25252f',
    '\\',
    '%5c',
    '%255c',
    '/%2e/',
    '/;/',
    ';/',
    ';a/',
    '/;%2f',
    '/x/../',
  ],
  ...[
    '/x/%2e%2e/',
    '/x%2f..%2f',
    '/x/%252e%252e/',
    '%2f%252e%252e%2fsecret%2f',
    '/%2f',
    '//%2f',
    '%00/',
    '/%00',
    '%20/',
    './',
    '/.;/',
  ],
  ...[
    '%ef%bc%8f',
    '%c0%af',
    '?/',
    '%3f/',
    '#/',
    '%23/',
    '/run.php/',
    '%2frun.php%2f',
    '/%2e%2e/secret/',
    '/..%2fsecret/',
    '/%09/',
  ],
];

const after = [
  ...[
    'key.txt',
    'KEY.TXT',
    '',
    'run.php',
    'run.php/x/y',
    'deep/key.txt',
    'deep%2fkey.txt',
    'key.txt/',
    'key.txt.',
    'key.txt%20',
  ],
  ...[
    'key.txt%00',
    'key.txt;x',
    'key.txt%3bx',
    'key%2etxt',
    'k%65y.txt',
    'key.txt?x=/../public',
    'key.txt#x',
    'key.txt%23',
    'key',
  ],
  ...[
    'key.txt/..',
    'key.txt/../key.txt',
    'key.txt%2f..%2fkey.txt',
    'run.php%2f%252e%252e%2f%252e%252e%2fpublic%2fkey.txt',
    'key.txt::$DATA',
  ],
  ...[
    'run.php%2f..;%2f..;%2fpublic',
    '../secret/key.txt',
    '..%2fsecret%2fkey.txt',
    '%2e%2e/secret/key.txt',
    '%252e%252e/secret/key.txt',
  ],
  ...[
    '..%252fsecret%252fkey.txt',
    '..;/secret/key.txt',
    '..%5csecret%5ckey.txt',
    '%2e%2e%2fsecret%2fkey.txt',
    './key.txt',
    '.%2fkey.txt',
  ],
];

/** All of them, each once; `HOST` stands for the hostname that is asked. */
export function pathGames(): Game[] {
  const games = new Set<Game>();
  const add = (a: string, b: string, c: string, d: string): unknown => games.add(`${a}${b}${c}${d}`);
  for (const a of before) {
    for (const b of names) add(a, b, '/', 'key.txt');
    for (const c of between) add(a, 'secret', c, 'key.txt');
    for (const d of after) add(a, 'secret', '/', d);
  }
  for (const b of names) {
    for (const c of between) add('/', b, c, 'key.txt');
    for (const d of after) add('/', b, '/', d);
  }
  for (const c of between) for (const d of after) for (const b of ['secret', 'public']) add('/', b, c, d);
  games.add(`/${'x/../'.repeat(200)}secret/key.txt`);
  games.add(`/${'a/'.repeat(10_000)}..${'/..'.repeat(9_999)}/secret/key.txt`);
  games.add(`/${'./'.repeat(10_000)}secret/key.txt`);
  return [...games];
}
