// A rotation under way: which connectors have moved to the new key, and how it ends.
import { Button, Progress } from '@mantine/core';
import { useState } from 'react';
import type { TunnelView } from '#api/tunnels.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import classes from './tunnels.module.css';

/** The panel; shown while a tunnel has two keys. */
export function RotationPanel({ tunnel }: { readonly tunnel: TunnelView }) {
  const mayWrite = useMay('tunnels:write');
  const say = useToast();
  const [asks, setAsks] = useState<'finish' | 'abort'>();
  const read = useRead('getRotation', { params: { tunnel: tunnel.id } });
  const finish = useChange('finishRotation');
  const abort = useChange('abortRotation');
  const rotation = read.data;
  if (rotation === undefined || rotation.state === 'idle') return null;
  const { connectors } = rotation;
  const moved = connectors.filter(({ usesNewKey }) => usesNewKey).length;
  const params = { tunnel: tunnel.id };
  return (
    <div className={classes['rotation']}>
      <Section
        title="Rotation under way"
        intro={
          <>
            Two keys are valid
            {rotation.startedAtMs !== null && (
              <>
                ; the second was made <TimeAgo atMs={rotation.startedAtMs} />
              </>
            )}
            . {words(moved, connectors.length)}
          </>
        }
        actions={
          mayWrite && (
            <>
              <Button variant="default" size="xs" onClick={() => setAsks('abort')}>
                Stay with the old key
              </Button>
              <Button
                size="xs"
                color={rotation.state === 'ready' ? undefined : 'red'}
                onClick={() => setAsks('finish')}
              >
                Revoke the old key
              </Button>
            </>
          )
        }
      >
        <Panel>
          <Progress
            value={connectors.length === 0 ? 0 : (moved / connectors.length) * 100}
            size="sm"
            aria-label={`${moved} of ${connectors.length} connectors have moved`}
          />
          <ul className={classes['moving']}>
            {connectors.map((connector) => (
              <li key={connector.instanceId}>
                <span>{connector.hostname || connector.address}</span>
                <Status tone={connector.usesNewKey ? 'good' : 'off'}>
                  {connector.usesNewKey ? 'new key' : 'old key'}
                </Status>
              </li>
            ))}
          </ul>
        </Panel>
      </Section>
      <Confirm
        isOpen={asks === 'finish'}
        onClose={() => setAsks(undefined)}
        title={`Revoke the old key of ${tunnel.name}`}
        action="Revoke the old key"
        isHarmless={rotation.state === 'ready'}
        forceAction="Revoke it all the same"
        run={async (force) => {
          await finish.mutateAsync({ params, body: { force } });
          say('The old key is revoked');
        }}
      >
        <p>
          {rotation.state === 'ready'
            ? 'Every connector uses the new key, so nothing is cut off.'
            : `${connectors.length - moved} of ${connectors.length} connectors still use the old key and would be cut off.`}
        </p>
      </Confirm>
      <Confirm
        isOpen={asks === 'abort'}
        onClose={() => setAsks(undefined)}
        title={`Stay with the old key of ${tunnel.name}`}
        action="Revoke the new key"
        run={async () => {
          await abort.mutateAsync({ params });
          say('The new key is revoked');
        }}
      >
        <p>
          The new token stops working.{' '}
          {moved === 0
            ? 'No connector uses it yet.'
            : `${moved} of ${connectors.length} connectors use it and would be cut off.`}
        </p>
      </Confirm>
    </div>
  );
}

function words(moved: number, all: number): string {
  if (all === 0) return 'No connector is connected; start one with the new token.';
  if (moved === all) return 'Every connector has moved: the old key can go.';
  return `${moved} of ${all} connectors have moved; give the new token to the others.`;
}
