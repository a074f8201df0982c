import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { parseCaddyfile } from './caddyfile.ts';
import { importCaddyfile } from './import-caddyfile.ts';

const wordsOf = (text: string): unknown =>
  parseCaddyfile(text, 'Caddyfile').map(function plain({ words, block }): unknown {
    return block ? [...words, block.map(plain)] : words;
  });

test('words, quotes, comments, lines that go on, and blocks are read as Caddy reads them', () => {
  assert.deepEqual(
    wordsOf('# x\na.test, \\\n b.test {\n\trespond "a \\"b\\" # c" 200 # d\n\tx `{ }` {$E}\n}\n'),
    [
      [
        'a.test,',
        'b.test',
        [
          ['respond', 'a "b" # c', '200'],
          ['x', '{ }', '{$E}'],
        ],
      ],
    ],
  );
  assert.deepEqual(wordsOf('a.test,\nb.test {\n}\n'), [['a.test,', 'b.test', []]]);
  assert.deepEqual(wordsOf('(s) {\n x {args[0]}\n}\na.test {\n import s y\n}\n'), [['a.test', [['x', 'y']]]]);
});

test('what cannot be read is refused with its line', () => {
  for (const [text, fault] of [
    ['a.test {\n b {\n}\n', /line 1: the block that opens here is not closed/],
    ['a.test {\n}\n}\n', /line 3: a "}" closes nothing/],
    ['a.test {\n respond "x\n}\n', /line 2: a " is not closed/],
    ['a.test {\n respond <<EOT\n}\n', /line 2: heredocs/],
    ['(s) {\n import s\n}\na.test {\n import s\n}\n', /imports itself/],
    [`a {\n${'b {\n'.repeat(30)}${'}\n'.repeat(31)}`, /more than 20 deep/],
  ] as const)
    assert.throws(
      () => parseCaddyfile(text, 'Caddyfile'),
      (error: unknown) => error instanceof SallyportError && fault.test(error.message),
      text,
    );
});

test('whatever kept somebody out and does not map leaves the site shut to strangers', () => {
  for (const directives of [
    'basic_auth {\n ada x\n}',
    'forward_auth auth:9000 {\n uri /x\n}',
    'import other.caddy',
    '@a header X y\nrespond @a 403',
    '@a not remote_ip 10.0.0.0/8 \nabort /admin/*',
    '@a path_regexp x\nhandle @a {\n basic_auth\n}',
    '@ok remote_ip 10.0.0.0/8\nhandle @ok {\n reverse_proxy x:1\n}\nrespond 403',
  ]) {
    const { lab, unmapped } = importCaddyfile(`a.test {\n${directives}\nreverse_proxy x:1\n}\n`, 'f', 'home');
    assert.deepEqual(new Set(lab.routes.map(({ access }) => access)), new Set(['private']), directives);
    assert.ok(unmapped.length > 0);
  }
});

test('addresses that may are carried over, and nobody else may', () => {
  const site = '@out not remote_ip private_ranges 100.64.0.0/10\nrespond @out 403\nreverse_proxy x:1';
  const { lab, unmapped } = importCaddyfile(`a.test {\n${site}\n}\n`, 'f', 'home');
  assert.equal(unmapped.length, 0);
  assert.ok((lab.routes[0]!.access as string[]).every((rule) => rule.startsWith('ip:')));
  assert.ok((lab.routes[0]!.access as string[]).includes('ip:100.64.0.0/10'));
});

test('other files are not read, and are not taken for sites', () => {
  const { unmapped } = importCaddyfile('import sites/*.caddy\na.test {\nreverse_proxy x:1\n}\n', 'f', 'home');
  assert.deepEqual(
    unmapped.map(({ what, why }) => [what, why]),
    [
      [
        'import sites/*.caddy',
        'other files are not read; put what they say here, or import them by themselves',
      ],
    ],
  );
});
