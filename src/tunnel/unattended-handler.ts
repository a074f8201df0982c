// Who is told of what happens on a stream until someone takes it.
import { SallyportError } from '#base/errors.ts';
import type { StreamHandler } from './stream.ts';

/** Bytes that come before someone takes the stream are a fault of ours; that it ends is not. */
export const unattendedHandler: StreamHandler = {
  onData() {
    throw new SallyportError('internal', 'Bytes came on a stream that nobody attends.');
  },
  onEnd() {},
  onReset() {},
  onDrain() {},
};
