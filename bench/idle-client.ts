// Holds connections that do nothing more: `node bench/idle-client.ts KIND PORT COUNT`. Prints `held N` when all are open and
// holds them until it is told to end. KIND is how far they go over TLS: `tls` says nothing after its handshake, `head` half a
// request head, `body` half a request body, `http` one request that is answered, `websocket` the same for an upgrade, `reader`
// asks for much and reads little of it.
import { connect, type TLSSocket } from 'node:tls';
import { benchHostname } from './sallyport.ts';

const [kind, portText, countText] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const atOnce = 50;
const held: TLSSocket[] = [];
let failed = 0;

const host = `Host: ${benchHostname}:${port}\r\n`;
const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
/** What is sent, and how the answer begins that is waited for; '' where there is none. */
const kinds: Readonly<Record<string, readonly [request: string, wanted: string]>> = {
  tls: ['', ''],
  head: [`GET / HTTP/1.1\r\n${host}X-Half: `, ''],
  body: [`POST /sink HTTP/1.1\r\n${host}Content-Length: 1000\r\n\r\nhalf`, ''],
  http: [`GET / HTTP/1.1\r\n${host}\r\n`, 'HTTP/1.1 200'],
  websocket: [`GET /socket HTTP/1.1\r\n${host}${upgrade}`, 'HTTP/1.1 101'],
  reader: [`GET /1g HTTP/1.1\r\n${host}\r\n`, 'HTTP/1.1 200'],
};
const [request, wanted] = kinds[kind!]!;

function openOne(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: benchHostname, rejectUnauthorized: false });
    let isSettled = false;
    const settle = (isHeld: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      if (isHeld) held.push(socket);
      else failed += 1;
      resolve();
    };
    socket.once('secureConnect', () => {
      if (request !== '') socket.write(request);
      if (wanted === '') settle(true);
    });
    socket.once('data', (chunk: Buffer) => {
      settle(chunk.toString('latin1').startsWith(wanted));
      if (kind === 'reader') socket.pause();
    });
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}

async function worker(): Promise<void> {
  while (held.length + failed < count - atOnce + 1) await openOne();
}

await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
process.stdout.write(`held ${held.length} failed ${failed}\n`);
process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 1000);
