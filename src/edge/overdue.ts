// Which time limit of the data path a request under way has passed. Looked at about once a second.
import type { EdgeTimeouts } from '#model/edge-snapshot.ts';
import type { Exchange } from './exchange.ts';

/** How long a WebSocket's client may take to close after it was told goodbye. */
const leaveMs = 5_000;

/** What is said of a client that has taken nothing for too long. */
export const stoppedReading = 'the client stopped reading';

/** What was waited for in vain, in words; undefined while there is still time. */
export function overdue(
  exchange: Exchange,
  nowMs: number,
  { firstByteMs, bodyIdleMs, upgradeIdleMs }: EdgeTimeouts,
): string | undefined {
  const idleMs = nowMs - exchange.progressMs;
  if (exchange.isUpgraded) {
    if (upgradeIdleMs > 0 && idleMs > upgradeIdleMs) return 'upgraded connection idle';
    const { leavingSinceMs } = exchange;
    const isLeft = leavingSinceMs > 0 && nowMs - leavingSinceMs > leaveMs;
    return isLeft ? 'the client did not close its WebSocket' : undefined;
  }
  if (exchange.isFrontPaused) return idleMs > bodyIdleMs ? stoppedReading : undefined;
  if (exchange.isUpstreamPaused) return idleMs > bodyIdleMs ? 'the origin stopped reading' : undefined;
  if (exchange.isResponded || firstByteMs === 0 || !exchange.isWaitingForAnswer) return undefined;
  const waitedMs = nowMs - Math.max(exchange.progressMs, exchange.request.startedMs);
  return waitedMs > firstByteMs ? 'no first byte from the origin in time' : undefined;
}
