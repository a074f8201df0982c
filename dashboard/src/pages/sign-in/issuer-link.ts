// Leading the browser to an issuer, which is no call of the API but a page to go to; and the words for how it came back.
import { type IssuerError, issuerErrors } from '#api/account.ts';
import { apiBase } from '#api/operation.ts';
import { basePath } from '../../base-path.ts';

export interface IssuerVisit {
  readonly id: string;
  /** Path of the dashboard to come back to. */
  readonly returnTo?: string | undefined;
  /** Makes the account there a way in for whoever has signed in here. */
  readonly isLink?: boolean;
}

/** Where a button that signs in with an issuer leads. */
export function issuerHref({ id, returnTo, isLink = false }: IssuerVisit): string {
  const query = new URLSearchParams({
    ...(returnTo === undefined ? {} : { returnTo }),
    ...(isLink ? { link: 'true' } : {}),
  }).toString();
  const path = `${basePath()}${apiBase.slice(1)}/sign-in/oidc/${encodeURIComponent(id)}`;
  return query === '' ? path : `${path}?${query}`;
}

/** The sentence for a word of the list; anything else in the address may be somebody's invention, and is not shown. */
export function issuerErrorText(word: string): string {
  return Object.hasOwn(issuerErrors, word)
    ? issuerErrors[word as IssuerError]
    : 'Signing in did not work; try again.';
}
