import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cidrSet } from '#base/net/ip.ts';
import type { RequestHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { ClientResolver } from './client-address.ts';

function request(address: string, fields: readonly string[] = []): RequestHead {
  const client = { address, port: 1, peerAddress: address, localAddress: '', localPort: 443, serverName: '' };
  return { scheme: 'https', client, fields: new ListFields(fields) } as unknown as RequestHead;
}

const resolver = new ClientResolver(cidrSet(['10.0.0.0/8', 'fd00::/8']));

/** [peer, X-Forwarded-For lines, client, chain told to the origin]. */
const table: ReadonlyArray<readonly [string, readonly string[], string, string]> = [
  ['9.9.9.9', [], '9.9.9.9', '9.9.9.9'],
  ['9.9.9.9', ['6.6.6.6'], '9.9.9.9', '9.9.9.9'],
  ['9.9.9.9', ['10.0.0.1'], '9.9.9.9', '9.9.9.9'],
  ['10.0.0.1', [], '10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', ['9.9.9.9'], '9.9.9.9', '9.9.9.9, 10.0.0.1'],
  ['10.0.0.1', ['6.6.6.6, 9.9.9.9'], '9.9.9.9', '6.6.6.6, 9.9.9.9, 10.0.0.1'],
  ['10.0.0.1', ['6.6.6.6', '9.9.9.9,10.0.0.2'], '9.9.9.9', '6.6.6.6, 9.9.9.9, 10.0.0.2, 10.0.0.1'],
  ['10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3', '10.0.0.3, 10.0.0.2, 10.0.0.1'],
  ['10.0.0.1', ['9.9.9.9, unknown, 10.0.0.2'], '10.0.0.2', '9.9.9.9, unknown, 10.0.0.2, 10.0.0.1'],
  ['10.0.0.1', ['9.9.9.9, , 10.0.0.2'], '10.0.0.2', '9.9.9.9, 10.0.0.2, 10.0.0.1'],
  ['10.0.0.1', ['::ffff:9.9.9.9'], '9.9.9.9', '::ffff:9.9.9.9, 10.0.0.1'],
  ['fd00::1', ['2001:DB8::0:1'], '2001:db8::1', '2001:DB8::0:1, fd00::1'],
  ['10.0.0.1', ['<script>, 9.9.9.9'], '9.9.9.9', '9.9.9.9, 10.0.0.1'],
];

describe('the client', () => {
  for (const [peer, lines, address, chain] of table) {
    test(`of a peer ${peer} that says ${JSON.stringify(lines)} is ${address}`, () => {
      const fields = lines.flatMap((line) => ['X-Forwarded-For', line, 'X_Forwarded_For', '6.6.6.6']);
      const identity = resolver.resolve(request(peer, fields));
      assert.equal(identity.address, address);
      assert.equal(
        identity.linesFor('a.test'),
        `X-Forwarded-For: ${chain}\r\nX-Real-IP: ${address}\r\nCF-Connecting-IP: ${address}\r\n` +
          'X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.test\r\n',
      );
    });
  }

  test('behind a proxy may have come by plain HTTP; a stranger may not say so', () => {
    for (const [peer, said, told] of [
      ['10.0.0.1', 'http', 'http'],
      ['10.0.0.1', 'gopher', 'https'],
      ['9.9.9.9', 'http', 'https'],
    ] as const) {
      const lines = resolver.resolve(request(peer, ['X-Forwarded-Proto', said])).linesFor('a.test');
      assert.match(lines, new RegExp(`X-Forwarded-Proto: ${told}\r\n`));
    }
  });

  test('is worked out once for a direct connection and for each request behind a proxy', () => {
    const direct = request('9.9.9.9');
    assert.equal(resolver.resolve(direct), resolver.resolve(direct));
    const { client } = request('10.0.0.1');
    const first = { ...request('10.0.0.1', ['X-Forwarded-For', '1.1.1.1']), client };
    const second = { ...request('10.0.0.1', ['X-Forwarded-For', '2.2.2.2']), client };
    assert.equal(resolver.resolve(first).address, '1.1.1.1');
    assert.equal(resolver.resolve(second).address, '2.2.2.2');
  });

  test('keeps its lines apart by authority', () => {
    const identity = resolver.resolve(request('9.9.9.9'));
    assert.match(identity.linesFor('a.test'), /Host: a\.test\r\n$/);
    assert.match(identity.linesFor('b.test:8443'), /Host: b\.test:8443\r\n$/);
  });
});
