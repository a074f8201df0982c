// Load of a TCP port: connections that send, end their half and must get every byte back, and one that lasts, on which
// messages come back in order.
import { connect, type Socket } from 'node:net';
import { Comparison } from './content.ts';
import type { LoadTarget, Pause } from './load-requests.ts';
import type { Tally } from './tally.ts';

const shortBytes = 40_000;
const shortPauseMs = 250;
const messageBytes = 900;
const messagePauseMs = 150;
const comeBackMs = 250;

/** One connection after another, each of which gives back what it was sent. */
export async function tcpLoad(target: LoadTarget, tally: Tally, wait: Pause): Promise<void> {
  for (let key = 5; !target.stop.aborted; key += 1) {
    tally.sent('tcp');
    const comparison = new Comparison(target.content, key);
    const failure = await new Promise<string>((resolve) => {
      const socket = open(target, resolve);
      socket.on('data', (chunk: Buffer) => comparison.add(chunk));
      socket.on('end', () => resolve(comparison.bytes === shortBytes ? '' : 'cut'));
      socket.end(target.content.slice(key, 0, shortBytes));
    });
    if (comparison.wrongBytes > 0) tally.wrong(comparison.wrongBytes);
    if (failure !== '') {
      tally.failed('tcp', failure);
      tally.lost(shortBytes - comparison.bytes);
    }
    await wait(shortPauseMs);
  }
}

/** A connection that stays, and comes back when it is broken. */
export async function tcpKeptLoad(target: LoadTarget, tally: Tally, wait: Pause): Promise<void> {
  for (let key = 7; !target.stop.aborted; key += 1) {
    const comparison = new Comparison(target.content, key);
    let sent = 0;
    const failure = await new Promise<string>((resolve) => {
      const socket = open(target, (reason) => {
        clearInterval(sending);
        resolve(reason);
      });
      const sending = setInterval(() => {
        // A message that has not come back holds up the next; the socket's own limit ends the wait.
        if (comparison.bytes < sent) return;
        if (target.stop.aborted) return void socket.end();
        tally.sent('tcp-kept');
        socket.write(target.content.slice(key, sent, messageBytes));
        sent += messageBytes;
      }, messagePauseMs);
      socket.on('data', (chunk: Buffer) => comparison.add(chunk));
      socket.on('end', () => {
        clearInterval(sending);
        resolve(comparison.bytes === sent ? '' : 'cut');
        socket.destroy();
      });
    });
    if (comparison.wrongBytes > 0) tally.wrong(comparison.wrongBytes);
    if (failure !== '') {
      tally.failed('tcp-kept', failure);
      tally.lost(sent - comparison.bytes);
    }
    if (!target.stop.aborted) await wait(comeBackMs);
  }
}

function open(target: LoadTarget, failed: (reason: string) => void): Socket {
  const socket = connect({ host: target.address, port: target.tcpPort, allowHalfOpen: true });
  socket.setNoDelay();
  socket.setTimeout(target.timeoutMs, () => socket.destroy(new Error('timeout')));
  socket.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  socket.on('close', () => failed('closed'));
  return socket;
}
