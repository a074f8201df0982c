// The three transports against the one suite.
import { after, before } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { memoryLink } from '#testkit/memory-network.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { testClock, type TransportPair, transportSuite } from '#testkit/transport-suite.ts';
import { listenForTunnels, type TunnelListener } from '#testkit/tunnel-listener.ts';
import { pinOfCertificate } from './edge-trust.ts';
import type { TlsDialOptions } from './tls-dial.ts';
import { dialTls } from './tls-transport.ts';
import type { Transport } from './transport.ts';
import { dialWebSocket } from './websocket-transport.ts';

const ca = createCertificate({ name: 'Test CA', isCa: true });
const leaf = createCertificate({ name: 'edge', names: ['127.0.0.1'], issuer: ca });
let listener: TunnelListener;

before(async () => {
  listener = await listenForTunnels(leaf.cert + ca.cert, leaf.key);
});
after(() => listener.close());

const random = seededRandom(5);
transportSuite('memory', async () => memoryLink(testClock, random, { maxPieceBytes: 20_000 }));
transportSuite('TLS', () => connect(dialTls));
transportSuite('WebSocket', () => connect(dialWebSocket));

async function connect(
  dial: (options: TlsDialOptions, signal: AbortSignal) => Promise<Transport>,
): Promise<TransportPair> {
  const options = {
    host: '127.0.0.1',
    port: listener.port,
    caPin: pinOfCertificate(ca.der),
    wallMs: Date.now,
  };
  const [connector, edge] = await Promise.all([dial(options, new AbortController().signal), listener.next()]);
  return { edge, connector };
}
