// Names of tunnels by their id, for what the edge writes down by id alone (the access log).
import { useMay } from './me.ts';
import { useRead } from './queries.ts';

/** As many as one answer holds; a tunnel beyond is shown by its id. */
const maxTunnels = 500;

/** Tells a tunnel's name; its id as long as nobody knows better. */
export function useTunnelName(): (id: string) => string {
  const tunnels = useRead(
    'listTunnels',
    { query: { limit: maxTunnels } },
    { isEnabled: useMay('tunnels:read') },
  );
  return (id) => tunnels.data?.items.find((tunnel) => tunnel.id === id)?.name ?? id;
}
