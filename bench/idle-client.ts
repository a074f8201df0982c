// Holds idle connections: `node bench/idle-client.ts KIND PORT COUNT`, KIND `http` (TLS keep-alive after one request)
// or `websocket`. Prints `held N` when all are open and holds them until it is told to end.
import { connect, type TLSSocket } from 'node:tls';
import { benchHostname } from './sallyport.ts';

const [kind, portText, countText] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const atOnce = 50;
const held: TLSSocket[] = [];
let failed = 0;

const request =
  kind === 'websocket'
    ? `GET /socket HTTP/1.1\r\nHost: ${benchHostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    : `GET / HTTP/1.1\r\nHost: ${benchHostname}:${port}\r\n\r\n`;
const wanted = kind === 'websocket' ? 'HTTP/1.1 101' : 'HTTP/1.1 200';

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
    socket.once('secureConnect', () => socket.write(request));
    socket.once('data', (chunk: Buffer) => settle(chunk.toString('latin1').startsWith(wanted)));
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
