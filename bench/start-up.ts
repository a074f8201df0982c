// How long a visitor waits after a connector starts: from the start of the process to the first answer that is not
// "no connector".
import { request } from 'node:https';
import { pause } from './machine.ts';

/** Asks again and again until the answer is 200. @returns milliseconds since `startedAt` (performance.now) */
export async function msUntilServed(port: number, hostname: string, startedAt: number): Promise<number> {
  for (let i = 0; i < 3000; i++) {
    if ((await statusOf(port, hostname)) === 200) return performance.now() - startedAt;
    await pause(3);
  }
  throw new Error('no answer within 9 s of the connector’s start');
}

function statusOf(port: number, hostname: string): Promise<number> {
  return new Promise((resolve) => {
    const options = {
      port,
      host: '127.0.0.1',
      servername: hostname,
      headers: { host: hostname },
      rejectUnauthorized: false,
    };
    const outgoing = request({ ...options, path: '/' }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.once('error', () => resolve(0));
    outgoing.end();
  });
}
