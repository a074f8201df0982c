// A tunnel over WebSocket, seen from the bytes: what a client sends in the same breath as its upgrade request belongs to
// the WebSocket and must not be lost with the HTTP connection.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { tunnelPath, tunnelSubprotocol } from '#tunnel/transport/websocket-transport.ts';
import { startEdgeWorld } from './world.ts';

const world = await startEdgeWorld({ ingress: '', hosts: ['a.test'] });
after(() => world.close());

const upgrade = [
  `GET ${tunnelPath} HTTP/1.1`,
  'Host: a.test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  `Sec-WebSocket-Protocol: ${tunnelSubprotocol}`,
  '\r\n',
].join('\r\n');

/** RFC 6455 section 5: a masked close frame with code 1000; the mask is zero. */
const closeFrame = Buffer.from('88820000000003e8', 'hex').toString('latin1');

for (const [how, pieces] of [
  ['in one write with the upgrade request', [upgrade + closeFrame]],
  ['cut in the middle', [upgrade + closeFrame.slice(0, 3), closeFrame.slice(3)]],
] as const) {
  test(`a WebSocket frame that comes ${how} is read`, async () => {
    const client = await world.client();
    for (const piece of pieces) {
      client.send(piece);
      await new Promise(setImmediate);
    }
    // The answer to a close frame is one with the same code.
    const text = await client.waitFor(/\r\n\r\n\x88\x02\x03\xe8/);
    assert.match(text, /^HTTP\/1\.1 101 /);
  });
}
