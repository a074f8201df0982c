// The way in: by passkey, password with a code, or an issuer. It says no more about names and passwords than
// the edge does.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { startAuthentication, type PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useRead } from '../../api/queries.ts';
import { Icon } from '../../kit/icons.tsx';
import { Notice, ProblemNotice } from '../../kit/notices.tsx';
import { SignInCard } from './sign-in-card.tsx';
import { useAttempt, useEnter } from './attempt.ts';
import { issuerErrorText, issuerHref } from './issuer-link.ts';
import classes from './sign-in.module.css';

const routeApi = getRouteApi('/sign-in');

/** The sign-in page. */
export function SignInPage() {
  const { error: refusal } = routeApi.useSearch();
  const ways = useRead('getSignInMethods', {});
  const methods = ways.data?.methods ?? [];
  return (
    <SignInCard look={ways.data}>
      {refusal !== undefined && (
        <Notice tone="bad" isAlert>
          {issuerErrorText(refusal)}
        </Notice>
      )}
      <ProblemNotice error={ways.error} retry={() => void ways.refetch()} />
      {ways.data?.isNew === true && (
        <Notice tone="plain" title="Nobody has signed in here yet.">
          Open the one-time link that the edge printed when it started. Is it gone? On the edge's machine,{' '}
          <code>sallyport edge init</code> makes another.
        </Notice>
      )}
      {methods.includes('passkey') && <PasskeyWay />}
      {ways.data?.issuers.map(({ id, name }) => (
        <IssuerWay key={id} id={id} name={name} />
      ))}
      {methods.includes('password') && (
        <PasswordWay hasOthers={methods.includes('passkey') || methods.includes('oidc')} />
      )}
    </SignInCard>
  );
}

function PasswordWay({ hasOthers }: { readonly hasOthers: boolean }) {
  const enter = useEnter(routeApi.useSearch().next);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [wantsCode, setWantsCode] = useState(false);
  const attempt = useAttempt(async (api) => {
    const totp = wantsCode ? code.replaceAll(' ', '') : undefined;
    const result = await api.signInWithPassword({
      body: { name, password, ...(totp === undefined ? {} : { totp }) },
    });
    if (result.state === 'totp') setWantsCode(true);
    else await enter();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    attempt.start();
  };
  return (
    <form onSubmit={submit} className={classes['form']} aria-label="Sign in with a password">
      {hasOthers && <Or />}
      {wantsCode ? (
        <TextInput
          label="Code"
          description="Six digits from your authenticator app, or a recovery code."
          autoComplete="one-time-code"
          autoFocus
          required
          withAsterisk={false}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      ) : (
        <>
          <TextInput
            label="Name"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            withAsterisk={false}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </>
      )}
      <ProblemNotice error={attempt.error} />
      <Button type="submit" size="md" loading={attempt.isRunning}>
        Sign in
      </Button>
    </form>
  );
}

function PasskeyWay() {
  const enter = useEnter(routeApi.useSearch().next);
  const attempt = useAttempt(async (api) => {
    const { ticket, options } = await api.startPasskeySignIn({});
    const response = await startAuthentication({
      optionsJSON: options as unknown as PublicKeyCredentialRequestOptionsJSON,
    });
    await api.finishPasskeySignIn({ body: { ticket, response: response as never } });
    await enter();
  });
  return (
    <div className={classes['way']}>
      <Button
        variant="default"
        size="md"
        leftSection={<Icon name="passkey" size={18} />}
        loading={attempt.isRunning}
        onClick={attempt.start}
      >
        Sign in with a passkey
      </Button>
      {attempt.error !== undefined && <PasskeyProblem error={attempt.error} />}
    </div>
  );
}

/** The browser's own words for a dialog that was closed are about APIs; ours are about what to do. */
export function PasskeyProblem({ error }: { readonly error: unknown }): ReactNode {
  if (error instanceof Error && error.name === 'NotAllowedError') {
    return (
      <Notice tone="warn" isAlert>
        No passkey was used: the browser's dialog was closed, or there is none for this address.
      </Notice>
    );
  }
  if (error instanceof Error && error.name === 'InvalidStateError') {
    return (
      <Notice tone="warn" isAlert>
        This passkey is known already.
      </Notice>
    );
  }
  return <ProblemNotice error={error} />;
}

/** A redirect to the issuer and back, which is no call of the API. */
function IssuerWay({ id, name }: { readonly id: string; readonly name: string }) {
  const { next } = routeApi.useSearch();
  return (
    <Button
      component="a"
      variant="default"
      size="md"
      leftSection={<Icon name="external" />}
      href={issuerHref({ id, returnTo: next })}
    >
      Sign in with {name}
    </Button>
  );
}

function Or() {
  return (
    <div className={classes['or']} aria-hidden="true">
      or
    </div>
  );
}
