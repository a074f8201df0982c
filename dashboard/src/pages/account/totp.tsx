// Codes from an authenticator app (RFC 6238): set up with a QR code that is drawn here, and ended with a code.
import { Button, Modal, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { encode } from 'uqr';
import type { UserView } from '#api/account.ts';
import { useApi, useChange } from '../../api/queries.ts';
import { CodeBlock, CopyValue } from '../../kit/copy.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Notice } from '../../kit/notices.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount } from '../../kit/units.ts';
import classes from './account.module.css';

interface Started {
  readonly ticket: string;
  readonly secret: string;
  readonly uri: string;
}

/** The section. */
export function Totp({ user }: { readonly user: UserView }) {
  const api = useApi();
  const [started, setStarted] = useState<Started>();
  const [isRemoving, removing] = useDisclosure(false);
  const [isRenewing, renewing] = useDisclosure(false);
  const [codes, setCodes] = useState<readonly string[]>();
  return (
    <Section
      title="Codes"
      intro="With a code from an authenticator app, a stolen password alone does not let anybody in."
    >
      <Panel>
        <div className={classes['row']}>
          <span>
            {user.hasTotp
              ? `A code is asked for after the password; ${formatAmount(user.recoveryCodesLeft, 'recovery code')} left.`
              : 'No code is asked for.'}
          </span>
          {user.hasTotp ? (
            <span className={classes['buttons']}>
              <Button size="xs" variant="default" onClick={renewing.open}>
                New recovery codes
              </Button>
              <Button size="xs" variant="default" onClick={removing.open}>
                Do without
              </Button>
            </span>
          ) : (
            <Button size="xs" variant="default" onClick={() => void api.startTotp({}).then(setStarted)}>
              Set up codes
            </Button>
          )}
        </div>
      </Panel>
      <SetUp started={started} onClose={() => setStarted(undefined)} onCodes={setCodes} />
      <Renew isOpen={isRenewing} onClose={renewing.close} onCodes={setCodes} />
      <Remove isOpen={isRemoving} onClose={removing.close} />
      <RecoveryCodes codes={codes} onClose={() => setCodes(undefined)} />
    </Section>
  );
}

interface SetUpProps {
  readonly started: Started | undefined;
  readonly onClose: () => void;
  readonly onCodes: (codes: readonly string[]) => void;
}

function SetUp({ started, onClose, onCodes }: SetUpProps) {
  const confirm = useChange('confirmTotp');
  const say = useToast();
  const [code, setCode] = useState('');
  const submit = async (): Promise<void> => {
    const { recoveryCodes } = await confirm.mutateAsync({
      body: { ticket: started!.ticket, code: code.replaceAll(' ', '') },
    });
    setCode('');
    say('Codes are set up');
    onCodes(recoveryCodes);
  };
  return (
    <FormDialog
      isOpen={started !== undefined}
      onClose={onClose}
      title="Set up codes"
      action="Confirm"
      submit={submit}
      isReady={code !== ''}
    >
      {(faultOf) =>
        started !== undefined && (
          <>
            <p className={classes['step']}>
              Scan this with an authenticator app, then type the code that it shows.
            </p>
            <QrCode text={started.uri} />
            <CopyValue text={started.secret} label="Copy the secret" />
            <CodeField value={code} onChange={setCode} error={faultOf('code')} />
          </>
        )
      }
    </FormDialog>
  );
}

interface RenewProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCodes: (codes: readonly string[]) => void;
}

function Renew({ isOpen, onClose, onCodes }: RenewProps) {
  const renew = useChange('renewRecoveryCodes');
  const [code, setCode] = useState('');
  const submit = async (): Promise<void> => {
    const { recoveryCodes } = await renew.mutateAsync({ body: { code: code.replaceAll(' ', '') } });
    setCode('');
    onCodes(recoveryCodes);
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="New recovery codes"
      action="Make new ones"
      submit={submit}
      isReady={code !== ''}
    >
      {(faultOf) => (
        <>
          <p className={classes['step']}>
            The old ones count no more. Type a code of the app to show that it is you.
          </p>
          <CodeField value={code} onChange={setCode} error={faultOf('code')} />
        </>
      )}
    </FormDialog>
  );
}

function RecoveryCodes({
  codes,
  onClose,
}: {
  readonly codes: readonly string[] | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Modal
      opened={codes !== undefined}
      onClose={onClose}
      title="Recovery codes"
      size={520}
      closeOnClickOutside={false}
    >
      {codes !== undefined && (
        <Stacked>
          <Notice tone="warn" title="They are shown only now.">
            Keep them where the phone is not. Each signs you in once in place of a code, should the phone get
            lost.
          </Notice>
          <CodeBlock text={codes.join('\n')} label="recovery codes" />
        </Stacked>
      )}
    </Modal>
  );
}

function Remove({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const remove = useChange('removeTotp');
  const say = useToast();
  const [code, setCode] = useState('');
  const submit = async (): Promise<void> => {
    await remove.mutateAsync({ body: { code: code.replaceAll(' ', '') } });
    setCode('');
    say('Codes are not asked for any more');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Do without codes"
      action="Do without"
      submit={submit}
      isReady={code !== ''}
    >
      {(faultOf) => (
        <>
          <p className={classes['step']}>
            The password alone will sign you in. Type one last code to show that it is you.
          </p>
          <CodeField value={code} onChange={setCode} error={faultOf('code')} />
        </>
      )}
    </FormDialog>
  );
}

interface CodeFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

function CodeField({ value, onChange, error }: CodeFieldProps) {
  return (
    <TextInput
      label="Code"
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={40}
      w={160}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      data-autofocus
    />
  );
}

/** Modules around a QR code that must stay light (ISO 18004). */
const quietZone = 4;

/** Drawn as one path; always dark on light, whatever the colours of the page, since not every app reads it reversed. */
function QrCode({ text }: { readonly text: string }) {
  const { data, size } = encode(text, { border: 0 });
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x + quietZone} ${y + quietZone}h1v1h-1z` : '')))
    .join('');
  const side = size + quietZone * 2;
  return (
    <svg
      className={classes['qr']}
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label="QR code of the secret"
      shapeRendering="crispEdges"
    >
      <rect width={side} height={side} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
