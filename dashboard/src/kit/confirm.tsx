// Asking before something is taken away: what happens, what depends on it, and on which edge. A refusal because of
// dependents is shown with them, and only then is there a way to go on all the same.
import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { ApiError } from '#api/client.ts';
import { useMe } from '../api/me.ts';
import { Icon } from './icons.tsx';
import { ProblemNotice } from './notices.tsx';
import classes from './kit.module.css';

export interface ConfirmProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What happens, in a sentence or two. */
  readonly children: ReactNode;
  /** The verb on the button: `Delete tunnel`. */
  readonly action: string;
  /** Does it; `force` after a refusal that named dependents. */
  readonly run: (force: boolean) => Promise<unknown>;
  /** The verb for going on all the same; without it there is no such way. */
  readonly forceAction?: string;
  /** To be typed before the button works: for what cannot be undone. */
  readonly mustType?: string;
  readonly isHarmless?: boolean;
}

/** A dialog that asks. */
export function Confirm(props: ConfirmProps) {
  return (
    <Modal opened={props.isOpen} onClose={props.onClose} title={props.title}>
      {props.isOpen && <ConfirmBody {...props} />}
    </Modal>
  );
}

function ConfirmBody({ onClose, children, action, run, forceAction, mustType, isHarmless }: ConfirmProps) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const dependents = error instanceof ApiError ? (error.problem.dependents ?? []) : [];
  const mayForce =
    forceAction !== undefined &&
    error instanceof ApiError &&
    ['in-use', 'conflict'].includes(error.problem.code);
  const start = async (): Promise<void> => {
    setRunning(true);
    try {
      await run(mayForce);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  return (
    <div className={classes['confirm']}>
      <div>{children}</div>
      <ProblemNotice error={error} />
      {dependents.length > 0 && (
        <div>
          <p className={classes['confirmLabel']}>What depends on it:</p>
          <ul className={classes['dependents']}>
            {dependents.map(({ noun, id, name }) => (
              <li key={`${noun} ${id}`}>
                <span>{noun}</span> <code>{name}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
      {mustType !== undefined && (
        <TextInput
          label={
            <>
              Type <code>{mustType}</code> to go on
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
      )}
      <Group justify="space-between" mt="xs">
        <OnEdge />
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            color={isHarmless && !mayForce ? undefined : 'red'}
            loading={isRunning}
            disabled={mustType !== undefined && typed !== mustType}
            onClick={() => void start()}
            data-autofocus={mustType === undefined ? true : undefined}
          >
            {mayForce ? forceAction : action}
          </Button>
        </Group>
      </Group>
    </div>
  );
}

/** The button of a page that removes what the page shows, after asking. */
export function RemoveButton(props: Pick<ConfirmProps, 'title' | 'action' | 'run' | 'children'>) {
  const [isAsking, asking] = useDisclosure(false);
  return (
    <>
      <Button variant="default" leftSection={<Icon name="trash" />} onClick={asking.open}>
        Remove
      </Button>
      <Confirm isOpen={isAsking} onClose={asking.close} {...props} />
    </>
  );
}

/** Which edge a form changes; stands at the foot of every dialog that changes something. */
export function OnEdge() {
  const { edge } = useMe();
  return (
    <span className={classes['onEdge']}>
      On the edge <strong>{edge.name}</strong>
    </span>
  );
}
