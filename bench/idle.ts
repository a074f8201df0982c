// Memory with many idle connections: TLS keep-alive and WebSockets, opened by a client on the load core.
import { fileURLToPath } from 'node:url';
import { loadCore, pause, residentBytes, startPinned } from './machine.ts';
import type { Peer } from './peers.ts';

export type IdleKind = 'http' | 'websocket';

/** Memory of each process while so many connections are held. */
export interface IdleResult {
  readonly peer: string;
  readonly kind: IdleKind | 'none';
  readonly connections: number;
  readonly resident: Readonly<Record<string, number>>;
}

const client = fileURLToPath(new URL('idle-client.ts', import.meta.url));

/** Of a peer whose memory goes on falling; three minutes. */
const mostLooks = 9;

/** Memory as it stands. */
export function measureResident(peer: Peer): IdleResult {
  return { peer: peer.name, kind: 'none', connections: 0, resident: residentOf(peer) };
}

/** Memory once a peer has given back what it gives back by itself: when it has not fallen by a hundredth for forty seconds. */
export async function measureSettled(peer: Peer): Promise<IdleResult> {
  const seen = [measureResident(peer)];
  while (seen.length < mostLooks) {
    await pause(20_000);
    seen.push(measureResident(peer));
    const before = seen.at(-3);
    if (before && sum(seen.at(-1)!.resident) > sum(before.resident) * 0.99) break;
  }
  return seen.at(-1)!;
}

function sum(resident: Readonly<Record<string, number>>): number {
  return Object.values(resident).reduce((total, bytes) => total + bytes, 0);
}

/** Opens `count` connections, waits a moment, reads the memory, closes them. */
export async function measureIdle(peer: Peer, kind: IdleKind, count: number): Promise<IdleResult> {
  const program = startPinned(loadCore, process.execPath, [
    client,
    kind,
    String(peer.tlsPort),
    String(count),
  ]);
  try {
    for (let i = 0; i < 1200 && !program.output().includes('held'); i++) await pause(100);
    const held = Number(/held (\d+)/.exec(program.output())?.[1] ?? 0);
    await pause(2000);
    return { peer: peer.name, kind, connections: held, resident: residentOf(peer) };
  } finally {
    await program.stop();
    await pause(1000);
  }
}

function residentOf(peer: Peer): Record<string, number> {
  return Object.fromEntries(Object.entries(peer.processes).map(([name, pid]) => [name, residentBytes(pid)]));
}
