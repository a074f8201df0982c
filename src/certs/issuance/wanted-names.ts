// From hostnames that the edge serves to names that certificates are to have: which an authority could vouch for at all,
// and which one wildcard can stand for.
import { isIP } from 'node:net';
import { wildcardOf } from '../certificate.ts';

/** Suffixes that no public authority vouches for: special use (RFC 6761, 8375, 9476), and what home routers invent. */
const privateSuffixes = [
  'localhost',
  'local',
  'internal',
  'home.arpa',
  'lan',
  'home',
  'test',
  'invalid',
  'alt',
  'onion',
];

/** Whether an authority that browsers trust could vouch for a hostname or pattern. */
export function isPublicName(hostname: string): boolean {
  const bare = hostname.replace(/^\*\./, '');
  if (!bare.includes('.') || isIP(bare) || /(^|\.)\d+$/.test(bare) || bare.includes('_')) return false;
  return !privateSuffixes.some((suffix) => bare === suffix || bare.endsWith(`.${suffix}`));
}

/**
 * The name that a certificate for `hostname` should have: the wildcard beside it where that can be had, else itself. A
 * wildcard right below a top-level domain is never asked for.
 */
export function certificateNameFor(hostname: string, canHaveWildcard: (wildcard: string) => boolean): string {
  if (hostname.startsWith('*.')) return hostname;
  const wildcard = wildcardOf(hostname);
  return wildcard.split('.').length > 2 && canHaveWildcard(wildcard) ? wildcard : hostname;
}

/** Names that are likely registered together: the last two labels. Only groups names, decides nothing. */
export function familyOf(name: string): string {
  return name.split('.').slice(-2).join('.');
}
