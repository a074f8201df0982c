// Looks at hostnames from where this connector is, when its edge asks: as a visitor there would, and no further. The path is an
// edge's mark and nothing else, the port is 443 or the edge's, and an address of a private network is dialled only where the
// edge itself is there: nobody may have this machine look around at home.
import { cidrSet } from '#base/net/ip.ts';
import { lookFromOutside, type OutsideLook } from '#base/net/outside-look.ts';
import { maxMarkBytes, nonceOf } from '#base/net/probe-mark.ts';
import { createSecureContext, getCACertificates } from 'node:tls';
import { nameResolver } from '#base/net/resolve-name.ts';
import type { ProbeAnswer, ProbeRequest } from '#tunnel/exchanges/probe-exchange.ts';

export interface OutsideProbesOptions {
  /** Default: the machine's resolvers. */
  readonly resolve?: (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;
  readonly nowMs: () => number;
  /** Port at which the edge is dialled. */
  readonly edgePort: () => number;
  /** `address:port` of the edge, of each connection. */
  readonly edgeEndpoints: () => readonly string[];
}

/** In place of an address at home. */
const hiddenAddress = 'private';
/** Everything of one look. */
const lookWithinMs = 20_000;
/** Networks that are not the internet (RFC 6890 and its registries). */
const privateNetworks = cidrSet([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
]);

export class OutsideProbes {
  readonly #options: OutsideProbesOptions;

  constructor(options: OutsideProbesOptions) {
    this.#options = options;
  }

  /** Looks once, or says why not. */
  async look({ hostname, port, path, ca }: ProbeRequest): Promise<ProbeAnswer> {
    const { resolve = nameResolver(), nowMs, edgePort } = this.#options;
    if (nonceOf(path) === undefined) return { refused: `${path} is not the path of a probe.` };
    if (port !== 443 && port !== edgePort())
      return { refused: `Port ${port} is neither 443 nor the edge's.` };
    const secureContext =
      ca === undefined ? undefined : createSecureContext({ ca: [...getCACertificates('default'), ca] });
    const look = await lookFromOutside(
      {
        ...{ hostname, port, path, secureContext, resolve, nowMs, maxBodyBytes: maxMarkBytes },
        refuses: (address) => this.#refusalOf(address),
      },
      AbortSignal.timeout(lookWithinMs),
    );
    return { look: this.#withoutHome(look) };
  }

  /** Names of the home network are nobody's business at the edge: that an address is one of it is told, and not which. */
  #withoutHome(look: OutsideLook): OutsideLook {
    const shown = (address: string): string => (this.#refusalOf(address) === '' ? address : hiddenAddress);
    return { ...look, address: shown(look.address), addresses: look.addresses.map(shown) };
  }

  #refusalOf(address: string): string {
    if (!privateNetworks.has(address)) return '';
    const isEdge = this.#options
      .edgeEndpoints()
      .some((endpoint) => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') === address);
    return isEdge ? '' : 'its address is of a private network, and not where the edge is';
  }
}
