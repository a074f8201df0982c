// SIGINT and SIGTERM as an AbortSignal: the first asks for a clean stop, a second one ends the process at once.

/** Signals this close together are one: a terminal and npm both pass Ctrl-C on. */
const sameSignalMs = 700;

/** Fires on the first signal; `release` gives the signals back to Node's defaults. */
export function stopOnSignals(onSecond: () => void): { readonly signal: AbortSignal; release(): void } {
  const abort = new AbortController();
  let firstAtMs: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAtMs === undefined) {
      firstAtMs = now;
      abort.abort(new Error('stopped by a signal'));
    } else if (now - firstAtMs > sameSignalMs) onSecond();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/** Resolves when the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
