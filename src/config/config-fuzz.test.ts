// Configuration is written by hand and saved half-way: any text is read, or refused with a sentence of our own, and
// nothing else is ever thrown.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSize } from '#base/text/size.ts';
import { parseDuration } from '#base/text/duration.ts';
import { isSallyportError } from '#base/errors.ts';
import { parseAuthority, parseHostname } from '#base/net/hostname.ts';
import { parseAddress } from '#base/net/ip.ts';
import { parseConnectorConfig, requireValid } from './connector-config.ts';
import { parseEdgeConfig } from './edge-config.ts';
import { edgeConfigSchema } from './edge-config-schema.ts';
import { parseListenAddress } from './edge-scalars.ts';
import { parseService } from './ingress-service.ts';

const edgeText = readExample('edge.yml');
const connectorText = readExample('config.yml');

function readExample(name: string): string {
  return readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
}

/** Reads text in both ways; only our own error may come out. */
function readBoth(text: string): void {
  for (const read of [
    () => parseEdgeConfig(text, 'x.yml'),
    () => requireValid(parseConnectorConfig(text, 'yaml', 'x.yml')),
    () => requireValid(parseConnectorConfig(text, 'json', 'x.json')),
  ]) {
    try {
      read();
    } catch (error) {
      assert.ok(isSallyportError(error, 'config-invalid'), `${JSON.stringify(text)}: ${String(error)}`);
    }
  }
}

test('the examples cut short anywhere are read or refused with config-invalid', () => {
  for (const text of [edgeText, connectorText]) {
    for (let end = 0; end <= text.length; end += 1 + Math.floor(text.length / 400))
      readBoth(text.slice(0, end));
  }
});

test('the examples with a piece changed are read or refused with config-invalid', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.constantFrom(
      ': ',
      '- ',
      '\n',
      '\n  ',
      '\t',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '!!binary ',
      '? ',
      '|',
      '"',
      '#',
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(edgeText, connectorText),
      fc.nat(),
      fc.nat(10),
      piece,
      (text, where, cut, put) => {
        const at = where % text.length;
        readBoth(text.slice(0, at) + put + text.slice(at + cut));
      },
    ),
  );
});

test('random text is read or refused with config-invalid', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readBoth(text)));
});

test('aliases that multiply, refer to nothing or to themselves are refused with config-invalid', () => {
  const bomb = Array.from(
    { length: 9 },
    (_, i) => `k${i}: &k${i} [${i === 0 ? 'x' : `*k${i - 1}, `.repeat(9)}]`,
  );
  for (const text of [
    `${bomb.join('\n')}\ningress: *k8\nroutes: *k8\n`,
    'routes: *no',
    'routes: &a [*a]',
    '&a {? *a : 1}',
  ])
    readBoth(text);
});

test('known keys with any value are read or refused with config-invalid', () => {
  const keys = [...Object.keys(edgeConfigSchema.shape), 'ingress', 'tunnel', 'originRequest', 'warp-routing'];
  const rule = fc.dictionary(
    fc.constantFrom('hostname', 'path', 'service', 'originRequest', 'name', 'id', 'publicKeys', 'tunnel'),
    fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('http://a:1', 'a.example.com', '(', '^/x')),
  );
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.array(rule), rule);
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), value), (config) => readBoth(JSON.stringify(config))),
  );
});

test('the readers of single values answer anything with a value or with nothing', () => {
  const readers = [parseSize, parseListenAddress, parseDuration, parseHostname, parseAuthority, parseAddress];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.domain(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.nat(70_000)).map(([host, port]) => `${host}:${port}`),
    fc.tuple(fc.float(), fc.constantFrom('s', 'ms', 'h', 'KiB', 'MiB', '')).map(([n, unit]) => `${n}${unit}`),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (one, isBastion) => {
      for (const read of readers) read(one);
      const result = parseService(one, isBastion);
      assert.ok('error' in result ? result.error !== '' : result.service.kind !== undefined);
    }),
  );
});
