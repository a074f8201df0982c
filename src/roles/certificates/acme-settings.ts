// From the acme section of edge.yml to what the certs room works by: names become directories, files become their
// contents, and every fault is a sentence.
import { readFileSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import type { AcmeSettings, AuthoritySettings } from '#certs/issuance/acme-settings.ts';
import { type AcmeConfig, knownAuthorities } from '#config/acme-schema.ts';

/** Reads what the section names. @throws SallyportError 'file-unreadable' or 'credentials-invalid' */
export function acmeSettingsOf(acme: AcmeConfig): AcmeSettings {
  return {
    email: acme.email ?? '',
    authorities: acme.authorities.map((authority) => authorityOf(authority, acme.staging)),
    methods: acme.methods,
    wildcards: acme.wildcards,
    namesPerCertificate: acme.namesPerCertificate,
    onDemand: acme.onDemand,
    keepUnusedMs: acme.keepUnused,
  };
}

function authorityOf(authority: AcmeConfig['authorities'][number], isStaging: boolean): AuthoritySettings {
  const { name, caFile, eab, profile } = authority;
  const known = name && knownAuthorities[name];
  // The schema and its cross check have seen to it that there is one.
  const directoryUrl = (isStaging ? known?.staging : known?.directory) ?? authority.directory!;
  return {
    directoryUrl,
    label: name === undefined ? new URL(directoryUrl).host : `${name}${isStaging ? ' (staging)' : ''}`,
    isPublic: name !== undefined,
    ca: caFile === undefined ? undefined : readText(caFile, "the authority's CA"),
    externalAccount: eab && { kid: eab.kid, hmacKey: hmacKeyIn(eab.hmacKeyFile) },
    profile,
  };
}

function hmacKeyIn(file: string): string {
  const key = readText(file, 'the HMAC key').trim();
  if (/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(key)) return key;
  throw new SallyportError(
    'credentials-invalid',
    `The HMAC key in ${file} is no base64url; put in what the authority shows, and nothing else.`,
  );
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `${what[0]!.toUpperCase()}${what.slice(1)} in ${file} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
}
