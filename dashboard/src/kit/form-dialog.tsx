// A dialog with a form: fields, what the API said of them, and at its foot the edge that it changes.
import { Button, Group, Modal } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError } from '#api/client.ts';
import { OnEdge } from './confirm.tsx';
import { ProblemNotice } from './notices.tsx';
import classes from './kit.module.css';

export interface FormDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly action: string;
  /** Sends the form; the dialog closes when it resolves to true or nothing. */
  readonly submit: () => Promise<boolean | void>;
  readonly children: (faultOf: (path: string) => string | undefined) => ReactNode;
  readonly size?: number | string;
  readonly isReady?: boolean;
}

/** The dialog. `children` gets a function that tells the API's fault of a value by its path. */
export function FormDialog(props: FormDialogProps) {
  return (
    <Modal opened={props.isOpen} onClose={props.onClose} title={props.title} size={props.size ?? 520}>
      {props.isOpen && <Body {...props} />}
    </Modal>
  );
}

function Body({ onClose, action, submit, children, isReady = true }: FormDialogProps) {
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setRunning(true);
    setError(undefined);
    try {
      if ((await submit()) !== false) onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  return (
    <form onSubmit={(event) => void send(event)} className={classes['form']} noValidate>
      {children((path) => faultOf(error, path))}
      <ProblemNotice error={error} />
      <Group justify="space-between" mt="xs">
        <OnEdge />
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isRunning} disabled={!isReady}>
            {action}
          </Button>
        </Group>
      </Group>
    </form>
  );
}

/** What the API found wrong with the value at `path`. */
export function faultOf(error: unknown, path: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.problem.errors?.find((fault) => fault.path === path)?.message;
}
