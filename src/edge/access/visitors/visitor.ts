// Somebody whom the edge knows at a request: a user in a browser that has signed in, a program with a service token, or a
// client with nothing but a certificate. One
// object for each cookie or token, kept while it is good, so that what an origin is told of it is made once.
import type { X509Certificate } from 'node:crypto';
import type { VisitingUser } from '#http/access/access-decision.ts';
import type { DirectoryToken, DirectoryUser } from '#model/access/access-state.ts';

/** What origins of one audience are told, and the keys it was signed with (assertion.ts). */
export interface VisitorTold {
  readonly lines: string;
  readonly untilMs: number;
  readonly ours: object | undefined;
  readonly cloudflares: object | undefined;
}

/** What was proved. */
export class Visitor {
  /** Undefined for a token. */
  readonly user: DirectoryUser | undefined;
  /** As rules ask. */
  readonly asUser: VisitingUser | undefined;
  readonly token: DirectoryToken | undefined;
  /** Of the browser's session, '' for a token. */
  readonly sessionId: string;
  /** Where nothing else is known than a client certificate. */
  readonly certificate: X509Certificate | undefined;
  /** Of that certificate, '' without one. */
  readonly subject: string;
  /** When its cookie was made, 0 for a token. */
  readonly issuedAtMs: number;
  /** The last Cookie field that it came with, and what of it is the service's: a browser sends the same again and again. */
  cookies = '';
  cookiesOfService = '';
  /** What origins are told, by audience and form; the assertion in it is good until then. */
  readonly told = new Map<string, VisitorTold>();

  constructor(
    known:
      | { readonly user: DirectoryUser; readonly sessionId: string; readonly issuedAtMs: number }
      | { readonly token: DirectoryToken }
      | { readonly certificate: X509Certificate; readonly subject: string },
  ) {
    this.user = 'user' in known ? known.user : undefined;
    this.token = 'token' in known ? known.token : undefined;
    this.sessionId = 'user' in known ? known.sessionId : '';
    this.issuedAtMs = 'user' in known ? known.issuedAtMs : 0;
    this.certificate = 'certificate' in known ? known.certificate : undefined;
    this.subject = 'certificate' in known ? known.subject : '';
    this.asUser = this.user && visitingUser(this.user);
  }

  /** As the log names it. */
  get name(): string {
    if (this.user) return this.user.name;
    return this.token ? `token:${this.token.name}` : `certificate:${this.subject}`;
  }
}

/** A user as rules ask. */
export function visitingUser({ name, email, groups, role }: DirectoryUser): VisitingUser {
  return {
    names: email === '' ? [name.toLowerCase()] : [name.toLowerCase(), email.toLowerCase()],
    groups,
    role,
  };
}
