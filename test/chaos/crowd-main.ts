// Crowds of a chaos run, a process on the clients' host: what it does is its one argument, as JSON (CrowdSettings). It says
// what it has reached as a line of JSON, then holds on until its standard input ends.
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';
import { clientPreface, encodeFrame, frameFlags, frameTypes, getBlock } from '#testkit/http2-frames.ts';
import { pause } from '../support/eventually.ts';
import type { LoadSettings } from './load-main.ts';

/** What the crowd is and does. */
export interface CrowdSettings extends LoadSettings {
  readonly crowd: 'idle-websockets' | 'connections' | 'header-flood' | 'rapid-reset' | 'continuation-flood';
  readonly count: number;
  /** Of `connections`: how many a second. */
  readonly perSecond?: number;
}

/** What came of it. */
export interface CrowdReport {
  readonly opened: number;
  readonly failed: number;
  /** Why, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Ended by the edge, as it should where the crowd attacks. */
  readonly ended: number;
  readonly tookS: number;
}

const settings = JSON.parse(process.argv[2]!) as CrowdSettings;
/** Made once: reading the roots anew costs as much as a handshake. */
const secureContext = createSecureContext({ ca: readFileSync(settings.caFile, 'utf8') });
const tally = { opened: 0, failed: 0, ended: 0 };
const reasons: Record<string, number> = {};
const held = new Set<TLSSocket>();
/** Remembers why a connection failed. */
const failedBy = (error: NodeJS.ErrnoException): void => {
  const reason = error.code ?? error.message;
  reasons[reason] = (reasons[reason] ?? 0) + 1;
};
/** Handshakes at once; more only wait in the kernel's queue. */
const atOnce = 50;
/** Short connections at once: who is behind his rate does not begin all that are due in one turn and leave them waiting. */
const shortAtOnce = 400;
const limitMs = 60_000;

function open(alpn: string, session?: Buffer): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      ...{ host: settings.address, port: settings.port, servername: settings.hostname, secureContext },
      ALPNProtocols: [alpn],
      ...(session && { session }),
    });
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), limitMs);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.on('error', (error) => {
      if (!socket.getProtocol()) failedBy(error);
      resolve(undefined);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      held.delete(socket);
    });
  });
}

/** A WebSocket that says nothing more once it is there. */
async function idleWebSocket(): Promise<void> {
  const socket = await open('http/1.1');
  if (!socket) return void (tally.failed += 1);
  held.add(socket);
  const key = Buffer.alloc(16, tally.opened).toString('base64');
  const head = `GET /socket HTTP/1.1\r\nHost: ${settings.hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  socket.write(`${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
  const isSwitched = await new Promise<boolean>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1').startsWith('HTTP/1.1 101')));
    socket.once('close', () => resolve(false));
  });
  if (isSwitched) tally.opened += 1;
  else tally.failed += 1;
  socket.once('close', () => (tally.ended += 1));
}

/** What a client that was here before has kept; the ticket comes after the handshake. */
let ticket: Buffer | undefined;

/**
 * Connects and leaves; every tenth stays for a handshake, of which every second is resumed, as those of browsers are. Resolves
 * when it is made or has failed.
 */
async function shortConnection(number: number): Promise<void> {
  const isMade = await (number % 10 === 0 ? shortHandshake(number % 20 === 0) : shortOpening());
  if (isMade) tally.opened += 1;
  else tally.failed += 1;
}

async function shortHandshake(isNew: boolean): Promise<boolean> {
  const socket = await open('http/1.1', isNew ? undefined : ticket);
  if (!socket) return false;
  if (ticket) socket.destroy();
  else
    socket.once('session', (session) => {
      ticket = session;
      socket.destroy();
    });
  return true;
}

function shortOpening(): Promise<boolean> {
  const { address: host, port } = settings;
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    socket.on('error', (error) => {
      failedBy(error);
      resolve(false);
    });
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
  });
}

/** Sends without end until the edge ends the connection. */
async function attack(alpn: string, first: Buffer, next: (number: number) => Buffer): Promise<void> {
  const socket = await open(alpn);
  if (!socket) return void (tally.failed += 1);
  tally.opened += 1;
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isOver = true;
      resolve();
    });
  });
  socket.on('data', () => undefined);
  socket.write(first);
  const deadline = Date.now() + limitMs;
  for (let number = 0; !isOver && Date.now() < deadline; number += 1) {
    if (socket.write(next(number))) continue;
    await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), over]);
  }
  if (isOver) tally.ended += 1;
  socket.destroy();
}

const headersFrame = (flags: number, stream: number): Buffer =>
  encodeFrame(frameTypes.headers, flags, stream, getBlock(settings.hostname, '/content/1/100'));
const http2Start = Buffer.concat([clientPreface, encodeFrame(frameTypes.settings, 0, 0, Buffer.alloc(0))]);
const cancel = Buffer.from([0, 0, 0, 8]);
const line = Buffer.from(`x-flood: ${'f'.repeat(200)}\r\n`.repeat(20));

const attacks: Readonly<Record<string, () => Promise<void>>> = {
  'header-flood': () =>
    attack('http/1.1', Buffer.from(`GET / HTTP/1.1\r\nHost: ${settings.hostname}\r\n`), () => line),
  'rapid-reset': () =>
    attack('h2', http2Start, (number) => {
      const stream = 2 * number + 1;
      const flags = frameFlags.endHeaders | frameFlags.endStream;
      return Buffer.concat([
        headersFrame(flags, stream),
        encodeFrame(frameTypes.rstStream, 0, stream, cancel),
      ]);
    }),
  'continuation-flood': () =>
    attack('h2', Buffer.concat([http2Start, headersFrame(0, 1)]), () =>
      encodeFrame(frameTypes.continuation, 0, 1, Buffer.alloc(1_000, 0)),
    ),
};

const startedMs = Date.now();
const { crowd, count, perSecond = 1 } = settings;
if (crowd === 'connections') {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const dueMs = startedMs + (number / perSecond) * 1_000;
      if (dueMs > Date.now()) await pause(dueMs - Date.now());
      await shortConnection(number);
    }
  };
  await Promise.all(Array.from({ length: shortAtOnce }, worker));
} else {
  const one = crowd === 'idle-websockets' ? idleWebSocket : attacks[crowd]!;
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
const report = (): void => {
  const tookS = (Date.now() - startedMs) / 1_000;
  process.stdout.write(`${JSON.stringify({ ...tally, reasons, tookS })}\n`);
};
report();
process.stdin.on('data', report);
process.stdin.on('end', () => process.exit(0));
