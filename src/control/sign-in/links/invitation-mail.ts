// An invitation by mail: for guests and viewers alone, since who reads a mailbox must not run the edge. It goes out behind the
// answer, like every mail; the link in it is the one that was made for the inviter, too, and good once.
import { SallyportError } from '#base/errors.ts';
import type { Role } from '#model/users/role.ts';
import type { User } from '#model/users/user.ts';
import { invitationPath } from './invitation-pages.ts';
import type { OneTimeLink } from './one-time-links.ts';
import type { SignInParts } from '../sign-in-parts.ts';

/** Refuses what cannot be sent, before anybody is made. @throws SallyportError 'conflict' or 'invalid' */
export function requireMailable(
  { outbox }: SignInParts,
  { email, role }: { readonly email: string | null; readonly role: Role },
): void {
  if (email === null) {
    throw new SallyportError('invalid', 'An invitation by mail needs a mail address; give one.', {
      facts: { faults: [{ path: 'email', message: 'is needed to send the invitation to' }] },
    });
  }
  if (role === 'owner' || role === 'admin') {
    throw new SallyportError(
      'invalid',
      'Invitations by mail are for guests and viewers: who reads a mailbox must not run the edge. Pass the link on by a way that you trust.',
      { facts: { faults: [{ path: 'role', message: 'gets no invitation by mail' }] } },
    );
  }
  if (outbox?.isOpen !== true) {
    throw new SallyportError(
      'conflict',
      'There is no mail server; add a mail section to edge.yml, or pass the link on yourself.',
    );
  }
}

/** Hands it to the mail server; false when too many mails wait already. */
export function sendInvitation(
  { control, outbox, place }: SignInParts,
  { user, link, inviter }: { readonly user: User; readonly link: OneTimeLink; readonly inviter: string },
): boolean {
  const { title } = control.state.settings;
  const { origin, basePath } = place();
  const [, token = ''] = link.url.split('#token=');
  const text = [
    `Hello ${user.displayName || user.name},`,
    `${inviter} invites you to ${title}. This link signs you in, once, within 24 hours; on its page you may choose a password for the next time:`,
    `${origin}${basePath}${invitationPath(token)}`,
    'Whoever holds the link gets in by it: pass it on to nobody. If you expected no invitation, do nothing.',
    title,
  ];
  const mail = { to: user.email!, subject: `Invitation to ${title}`, text: text.join('\n\n') };
  return outbox!.put(mail, 'an invitation');
}
