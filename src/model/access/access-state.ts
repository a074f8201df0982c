// What an edge knows of those who may pass its protected routes: users, service tokens, and the browsers that have signed in.
// The control plane hands it over ahead of any request; at a request nobody is asked. Who is not in it does not pass.
import type { LookSettings } from '#base/pages/page-look.ts';
import type { Role } from '../users/role.ts';

/** A user as far as access is concerned; one who is disabled is not among them. */
export interface DirectoryUser {
  readonly id: string;
  readonly name: string;
  /** '' without one that somebody vouched for. */
  readonly email: string;
  readonly role: Role;
  readonly groups: readonly string[];
}

/** A service token: an API key that may visit sites. */
export interface DirectoryToken {
  readonly id: string;
  readonly name: string;
  /** Its first characters, the first half of the pair that programs send; no secret. */
  readonly clientId: string;
  /** base64url of the SHA-256 of the whole. */
  readonly hash: string;
  readonly expiresAtMs: number | null;
}

/** A browser that has signed in, by the id of its session. */
export interface DirectorySession {
  readonly id: string;
  readonly userId: string;
  /** It ends then, unless the directory says otherwise before. */
  readonly untilMs: number;
  /** Where the sign-in was, while that address is trusted for it; absent when that is over. */
  readonly trusted?: { readonly address: string; readonly untilMs: number };
}

/** A share link, while it has not been revoked. */
export interface DirectoryLink {
  readonly id: string;
  readonly hostname: string;
  readonly path: string;
  readonly expiresAtMs: number;
  /** Each browser that opens it is counted. */
  readonly isCounted: boolean;
}

/** A page password. */
export interface DirectoryPassword {
  readonly id: string;
  /** Lower-case. */
  readonly name: string;
  /** As base/secrets/password-hash.ts writes it. */
  readonly hash: string;
  readonly version: number;
}

/** An address is trusted for so long after a sign-in there. */
export const trustMs = 24 * 3_600_000;

/** All of them. */
export interface AccessDirectory {
  readonly users: readonly DirectoryUser[];
  readonly tokens: readonly DirectoryToken[];
  readonly sessions: readonly DirectorySession[];
  readonly links: readonly DirectoryLink[];
  readonly passwords: readonly DirectoryPassword[];
  /** Of the pages that it answers visitors with. */
  readonly look: LookSettings;
}

/** Nobody. */
export const emptyDirectory: AccessDirectory = {
  users: [],
  tokens: [],
  sessions: [],
  links: [],
  passwords: [],
  look: { name: '', colour: '', logo: '' },
};
