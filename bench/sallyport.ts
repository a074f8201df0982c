// Our side in the bench, started the way a user starts it. Edge and connector run as two processes on the proxies' core.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause, type Program, proxyCore, startPinned } from './machine.ts';
import type { Peer } from './peers.ts';

const command = fileURLToPath(new URL('../bin/sallyport', import.meta.url));

/** The hostname under test; one that resolves everywhere, because wrk must connect to it by name. */
export const benchHostname = 'localhost';

/** What the demo prints when it is up. */
interface Ready {
  readonly https: string;
  readonly http: string;
  readonly tunnelToken: string;
  readonly caFile: string;
}

/** Ours, with what only ours has. */
export interface Sallyport extends Peer {
  readonly caFile: string;
  /** Starts one more connector and resolves when it has said that it is connected. */
  startConnector(): Program;
}

/** Whether this checkout has something to measure. */
export function isSallyportThere(): boolean {
  return existsSync(fileURLToPath(new URL('../src/main.ts', import.meta.url)));
}

/** Starts the demo in front of the bench's origin. */
export async function startSallyport(folder: string, originPort: number): Promise<Sallyport> {
  const args = [
    'demo',
    '--serve-http',
    '--output',
    'json',
    '--https-port',
    '0',
    '--http-port',
    '0',
    '--data',
    join(folder, 'sallyport'),
  ];
  args.push('--hostname', benchHostname, '--service', `http://127.0.0.1:${originPort}`);
  const program = startPinned(proxyCore, command, args);
  const ready = await readyLine(program);
  return {
    name: 'sallyport',
    version: '',
    processes: { 'edge + connector': program.pid },
    plainPort: Number(new URL(ready.http).port),
    tlsPort: Number(new URL(ready.https).port),
    caFile: ready.caFile,
    startConnector: () =>
      startPinned(proxyCore, command, ['tunnel', 'run'], { TUNNEL_TOKEN: ready.tunnelToken }),
    stop: () => program.stop(),
  };
}

async function readyLine(program: Program): Promise<Ready> {
  let isOver = false;
  void program.ended.then(() => (isOver = true));
  for (let i = 0; i < 600 && !isOver; i++) {
    for (const line of program.output().split('\n')) {
      if (line.startsWith('{') && line.includes('"ready"')) return JSON.parse(line) as Ready;
    }
    await pause(50);
  }
  throw new Error(`sallyport demo did not become ready: ${program.output().slice(-2000)}`);
}
