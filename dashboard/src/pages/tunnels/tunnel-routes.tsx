// The routes that lead to a tunnel.
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { TunnelView } from '#api/tunnels.ts';
import { useMay } from '../../api/me.ts';
import { Icon } from '../../kit/icons.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { AddRoute } from '../routes/add-route.tsx';
import { RouteList } from '../routes/route-list.tsx';

/** The list, and a way to add one. */
export function TunnelRoutes({ tunnel }: { readonly tunnel: TunnelView }) {
  const mayWrite = useMay('routes:write');
  const [isAdding, adding] = useDisclosure(false);
  return (
    <Stacked>
      <RouteList query={{ tunnel: tunnel.id }} onAdd={mayWrite ? adding.open : undefined} />
      {mayWrite && tunnel.routes > 0 && (
        <div>
          <Button variant="default" leftSection={<Icon name="plus" />} onClick={adding.open}>
            Add route
          </Button>
        </div>
      )}
      <AddRoute isOpen={isAdding} onClose={adding.close} tunnel={tunnel.name} />
    </Stacked>
  );
}
