// Answers `/.well-known/sallyport/probe/<nonce>` on every hostname that has a route, before anything of the route: who looks
// from outside so learns that a name leads to this edge (base/net/probe-mark.ts). The key comes from that of session tickets, which
// edges of one store share; a mark is only ever compared a moment after it was made, so that its change does no harm.
import { hkdfSync } from 'node:crypto';
import {
  holderOf,
  judgeMark,
  markOf,
  type MarkVerdict,
  nonceOf,
  probeKeyBytes,
} from '#base/net/probe-mark.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { WellKnownAnswer, WellKnownSource } from '../front-door/well-known.ts';

export interface ProbeMarksOptions {
  /** Another buffer after each change. */
  readonly ticketKeys: () => Uint8Array;
  readonly routesOf: (host: string) => readonly RouteEntry[];
}

export class ProbeMarks implements WellKnownSource {
  readonly #options: ProbeMarksOptions;
  #from: Uint8Array | undefined;
  #key: Uint8Array = new Uint8Array(0);

  constructor(options: ProbeMarksOptions) {
    this.#options = options;
  }

  /** The mark, for a path that asks for one on a hostname that is served. */
  find(path: string, host: string): Promise<WellKnownAnswer> | undefined {
    const nonce = nonceOf(path);
    if (nonce === undefined) return undefined;
    const routes = this.#options.routesOf(host);
    if (routes.length === 0) return undefined;
    const mark = markOf(this.#currentKey(), { nonce, hostname: host, holder: holderOf(routes) });
    return Promise.resolve({ contentType: 'text/plain', body: Buffer.from(mark) });
  }

  /** Whose an answer to a probe is. */
  judge(hostname: string, nonce: string, text: string): MarkVerdict {
    const holder = holderOf(this.#options.routesOf(hostname));
    return judgeMark(this.#currentKey(), text, { nonce, hostname, holder });
  }

  #currentKey(): Uint8Array {
    const from = this.#options.ticketKeys();
    if (from !== this.#from) {
      this.#from = from;
      this.#key = new Uint8Array(hkdfSync('sha256', from, '', 'sallyport probe', probeKeyBytes));
    }
    return this.#key;
  }
}
