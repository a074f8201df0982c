// What the owner has decided about certificates by ACME, in the words of this room; roles/ makes it from edge.yml.
import type { ChallengeMethod } from '#model/certificates/certificate-record.ts';
import type { ExternalAccount } from '../acme/signed-request.ts';

/** One certificate authority. */
export interface AuthoritySettings {
  /** URL of its directory. */
  readonly directoryUrl: string;
  /** What people call it: `letsencrypt`, or the directory's host. */
  readonly label: string;
  /** One that browsers trust: it can vouch for public names only. */
  readonly isPublic: boolean;
  /** PEM of the CA that vouches for the authority's own server, undefined for a public one. */
  readonly ca: string | undefined;
  readonly externalAccount: ExternalAccount | undefined;
  /** undefined: the authority's choice. */
  readonly profile: string | undefined;
}

export interface AcmeSettings {
  /** '' for none. */
  readonly email: string;
  /** In order of preference; never empty. */
  readonly authorities: readonly AuthoritySettings[];
  readonly methods: readonly ChallengeMethod[];
  /** One wildcard certificate instead of one for each name, where DNS-01 can be had. */
  readonly wildcards: boolean;
  /** Most names in one certificate, when many are wanted at once. */
  readonly namesPerCertificate: number;
  /** Hostnames below a wildcard route get a certificate when they are first asked for. */
  readonly onDemand: boolean;
  /** How long the certificates and the order log of hostnames that nobody routes any more are kept. */
  readonly keepUnusedMs: number;
}

/**
 * Three hours: the longest that authorities look back when they count an account's orders, and enough for a hostname that
 * is moved, renamed and put back.
 */
export const defaultKeepUnusedMs = 3 * 3_600_000;

/** Nothing is ordered; what the vault has is shown all the same. */
export const noAcme: AcmeSettings = {
  ...{ email: '', authorities: [], methods: [] },
  ...{ wildcards: false, namesPerCertificate: 1, onDemand: false },
  keepUnusedMs: defaultKeepUnusedMs,
};
