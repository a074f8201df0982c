// Names of tests lead to this machine whatever the system's resolver says: `*.localhost` does not resolve everywhere.
import type { LookupFunction } from 'node:net';

/** A `lookup` for node's clients that answers 127.0.0.1 to every name. */
export const loopbackLookup: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
