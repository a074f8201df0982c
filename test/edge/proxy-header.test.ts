// PROXY headers in front of TLS and of plain HTTP: believed from the peers that were named, demanded of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connect } from 'node:net';
import { once } from 'node:events';
import { RawConnection } from '../support/raw-client.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;

before(async () => {
  world = await startEdgeWorld({ ingress: '', hosts: ['a.test'], proxyProtocolFrom: ['127.0.0.0/8'] });
});
after(() => world.close());

const version2 = Buffer.concat([
  Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'),
  Buffer.from([192, 0, 2, 7, 192, 0, 2, 1, 0x30, 0x39, 0x01, 0xbb]),
]);

for (const [what, header] of [
  ['version 1', Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 12345 443\r\n')],
  ['version 2', version2],
] as const) {
  test(`${what} names the client, also when it comes in pieces and with the TLS hello behind it`, async () => {
    for (const split of [0, 5, header.length - 1, header.length]) {
      const socket = connect({ port: world.port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      if (split > 0) socket.write(header.subarray(0, split));
      if (split > 0) await new Promise((resolve) => setImmediate(resolve));
      socket.cork();
      socket.write(header.subarray(split));
      const tls = connectTls({ socket, servername: 'a.test', ca: world.ca, ALPNProtocols: ['http/1.1'] });
      process.nextTick(() => socket.uncork());
      await once(tls, 'secureConnect');
      const client = new RawConnection(tls);
      client.send(`GET /${what.at(-1)}-${split} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      assert.equal((await responsesOf(client, 1))[0]!.status, 530);
      client.close();
    }
    const line = await world.loggedLine(
      'of the last',
      ({ path }) => path === `/${what.at(-1)}-${header.length}`,
    );
    assert.equal(line['client'], '192.0.2.7');
    const mine = world.logged().filter(({ path }) => String(path).startsWith(`/${what.at(-1)}-`));
    assert.deepEqual([...new Set(mine.map(({ client }) => client))], ['192.0.2.7']);
  });
}

test('LOCAL and UNKNOWN are connections of the proxy itself', async () => {
  const client = await world.plainClient(world.plainPort);
  client.send('PROXY UNKNOWN\r\nGET /unknown HTTP/1.1\r\nHost: a.test\r\n\r\n');
  assert.equal((await responsesOf(client, 1))[0]!.status, 530);
  const line = await world.loggedLine('of the proxy', ({ path }) => path === '/unknown');
  assert.equal(line['client'], '127.0.0.1');
});

for (const bytes of [
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'PROXY TCP4 1.2.3.4\r\n',
  '\x16\x03\x01\x02\x00\x01',
  'PROXY '.repeat(30),
]) {
  test(`without a proper header a trusted peer is cut: ${JSON.stringify(bytes.slice(0, 24))}`, async () => {
    const failed = world.metric('sallyport_edge_connections_total', 'proxy-failed');
    const client = await world.plainClient(world.plainPort);
    client.send(bytes);
    assert.notEqual(await client.waitForClose(), 'open');
    assert.equal(client.text, '');
    assert.equal(world.metric('sallyport_edge_connections_total', 'proxy-failed'), failed + 1);
  });
}
