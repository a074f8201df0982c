// Bulk: one curl moves one large body through one connection, down and up, and what that does to memory.
import { loadCore, residentBytes, runPinned } from './machine.ts';
import type { Peer } from './peers.ts';
import { benchHostname } from './sallyport.ts';

/** One transfer. */
export interface BulkResult {
  readonly peer: string;
  /** Peers take turns; ratios are made within a round. */
  readonly round: number;
  readonly direction: 'down' | 'up';
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Resident before, the highest seen every 50 ms during, and after, per process. */
  readonly resident: Readonly<Record<string, { before: number; peak: number; after: number }>>;
}

const sizes = { '1g': 1 << 30, '5g': 5 * (1 << 30) };
export type BulkSize = keyof typeof sizes;

/** One transfer to make. */
export interface Transfer {
  readonly direction: 'down' | 'up';
  readonly size: BulkSize;
  readonly round: number;
  /** What an upload sends. */
  readonly sourceFile: string;
}

/** Moves one body over TLS, HTTP/1.1. */
export async function measureBulk(
  peer: Peer,
  { direction, size, round, sourceFile }: Transfer,
): Promise<BulkResult> {
  const memory = watchMemory(peer);
  const url = `https://${benchHostname}:${peer.tlsPort}`;
  const common = [
    '-sSk',
    '--http1.1',
    '--fail',
    '-o',
    '/dev/null',
    '-4',
    '-w',
    '%{time_total} %{size_download} %{size_upload}',
  ];
  const args =
    direction === 'down'
      ? [...common, `${url}/${size}`]
      : [...common, '-H', 'Expect:', '-T', sourceFile, `${url}/sink`];
  const [seconds, down, up] = (await runPinned(loadCore, 'curl', args)).split(' ').map(Number);
  const bytes = direction === 'down' ? down! : up!;
  if (bytes !== sizes[size])
    throw new Error(`${peer.name} moved ${bytes} bytes of ${sizes[size]} ${direction}`);
  return {
    peer: peer.name,
    round,
    direction,
    bytes,
    bytesPerSecond: bytes / seconds!,
    resident: memory.stop(),
  };
}

interface MemoryWatch {
  stop(): Record<string, { before: number; peak: number; after: number }>;
}

function watchMemory(peer: Peer): MemoryWatch {
  const out: Record<string, { before: number; peak: number; after: number }> = {};
  for (const [name, pid] of Object.entries(peer.processes)) {
    const now = residentBytes(pid);
    out[name] = { before: now, peak: now, after: now };
  }
  const look = (): void => {
    for (const [name, pid] of Object.entries(peer.processes)) {
      const now = residentBytes(pid);
      out[name] = { before: out[name]!.before, peak: Math.max(out[name]!.peak, now), after: now };
    }
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      clearInterval(timer);
      look();
      return out;
    },
  };
}
