// What our edge forwards for each probe that it forwards at all, byte for byte, reviewed by eye. A probe that is not
// named here must not reach the origin. `{id}` and `{port}` stand for what differs from run to run.

/** Probe name to the bytes that reach the origin, as latin1. */
export const forwardedBytes: Readonly<Record<string, string>> = {};
