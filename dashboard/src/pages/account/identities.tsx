// Accounts at issuers with which one signs in here.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { UserView } from '#api/account.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { Notice } from '../../kit/notices.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { issuerErrorText, issuerHref } from '../sign-in/issuer-link.ts';
import classes from './account.module.css';

type Linked = UserView['identities'][number];

/** The section; nothing where there is no issuer and no account of one. */
export function Identities({ user }: { readonly user: UserView }) {
  const ways = useRead('getSignInMethods', {});
  const remove = useChange('removeIdentity');
  const say = useToast();
  const [leaving, setLeaving] = useState<Linked>();
  const issuers = ways.data?.issuers ?? [];
  if (issuers.length === 0 && user.identities.length === 0) return null;
  return (
    <Section title="Accounts elsewhere" intro="Issuers that sign you in here.">
      <Panel>
        {user.identities.map((linked) => (
          <div key={`${linked.issuer} ${linked.subject}`} className={classes['row']}>
            <span>
              <b>{hostOf(linked.issuer)}</b>
              <small>{linked.subject}</small>
            </span>
            <Button size="xs" variant="default" onClick={() => setLeaving(linked)}>
              Remove
            </Button>
          </div>
        ))}
        {issuers.map(({ id, name }) => (
          <div key={id} className={classes['row']}>
            <span>{name}</span>
            <Button
              component="a"
              size="xs"
              variant="default"
              href={issuerHref({ id, returnTo: '/account', isLink: true })}
            >
              Link an account of {name}
            </Button>
          </div>
        ))}
      </Panel>
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Sign in with ${hostOf(leaving?.issuer ?? '')} no more`}
        action="Remove account"
        run={async () => {
          await remove.mutateAsync({ body: { issuer: leaving!.issuer, subject: leaving!.subject } });
          say('Account removed');
        }}
      >
        <p>The account itself stays at its issuer; it only does not sign you in here any more.</p>
      </Confirm>
    </Section>
  );
}

/** Why the browser came back without a link, at the top of the page where it lands. */
export function LinkRefusal() {
  const refusal = new URLSearchParams(location.search).get('error');
  if (refusal === null) return null;
  return (
    <Notice tone="bad" isAlert>
      {issuerErrorText(refusal)}
    </Notice>
  );
}

function hostOf(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).host : issuer;
}
