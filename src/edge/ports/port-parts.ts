// What all ports of an edge share.
import type { BufferPool } from '#base/io/buffer-pool.ts';
import type { Clock } from '#base/clock.ts';
import type { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { AccessLog } from '../logs/access-log.ts';
import type { ExpectedTunnels } from '../tunnels/expected-tunnels.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';

export interface PortParts {
  readonly clock: Clock;
  readonly registry: TunnelRegistry;
  readonly expected?: ExpectedTunnels | undefined;
  readonly accessLog: AccessLog;
  readonly newRequestId: () => string;
  readonly pool: BufferPool;
  /** Flushes at the end of the turn. */
  readonly flusher: TurnFlusher;
}
