// Has a connector look at a hostname from where it is: one connection of the tunnel that can, chosen anew each time.
import { SallyportError } from '#base/errors.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import type { ProbeRequest } from '#tunnel/exchanges/probe-exchange.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';

export interface ProbeFrom {
  /** Name or id. */
  readonly tunnel: string;
  readonly request: ProbeRequest;
  readonly signal: AbortSignal;
}

/** @throws SallyportError naming what is missing */
export async function probeFrom(
  registry: TunnelRegistry,
  tunnels: readonly TunnelEntry[],
  { tunnel, request, signal }: ProbeFrom,
): Promise<OutsideLook> {
  const entry = tunnels.find(({ id, name }) => id === tunnel.toLowerCase() || name === tunnel);
  if (!entry)
    throw new SallyportError(
      'not-found',
      `There is no tunnel ${tunnel}, which probe.from in edge.yml names.`,
    );
  const here = registry.connections.filter(({ tunnelId }) => tunnelId === entry.id);
  if (here.length === 0)
    throw new SallyportError('connector-lost', `No connector of ${entry.name} is connected.`);
  const able = here.find(({ takesProbes }) => takesProbes);
  if (!able) throw new SallyportError('invalid', `The connectors of ${entry.name} do not look; update them.`);
  return await able.probe(request, signal);
}
