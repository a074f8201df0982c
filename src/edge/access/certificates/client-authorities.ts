// Client certificates: which of the owner's authorities issued one, and what rules may call it. TLS has proved that the client
// holds its key; whether it is worth anything is judged here, so that each authority has its own list of revoked ones, and
// whoever is turned away hears why. Only certificates that an authority's file signs directly count; one with a root
// and the authorities below it has all of them in its file.
import type { X509Certificate } from 'node:crypto';
import type { RevocationList } from './revocation-list.ts';

/** An authority of edge.yml. */
export interface ClientAuthority {
  /** Lower-case. */
  readonly name: string;
  /** Certificates that sign clients'. */
  readonly certificates: readonly X509Certificate[];
  /** Each must be good; none: nothing is revoked. */
  readonly lists: readonly RevocationList[];
}

/** What is known of a client's certificate. */
export interface CertificateJudgement {
  /** `home`, `home/cn=laptop` and so on, lower-case; none for one that is worth nothing. */
  readonly names: readonly string[];
  /** Its subject in one line, for the origin and the log; '' where it is worth nothing. */
  readonly subject: string;
  /** Why it is worth nothing, as a person reads it; '' where it is good. */
  readonly why: string;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyPurpose = '2.5.29.37.0';

/** Bounded: judged anew after so long, though nothing has changed but the time. */
const keptMs = 10_000;

/** The authorities of an edge; immutable, made anew when a file changes. */
export class ClientAuthorities {
  readonly #authorities: readonly ClientAuthority[];
  /** By connection's certificate. */
  readonly #kept = new WeakMap<
    X509Certificate,
    { readonly judged: CertificateJudgement; readonly atMs: number }
  >();

  constructor(authorities: readonly ClientAuthority[]) {
    this.#authorities = authorities;
  }

  has(name: string): boolean {
    return this.#authorities.some((authority) => authority.name === name);
  }

  /** HOT for what is kept. */
  judge(certificate: X509Certificate | undefined, wallMs: number): CertificateJudgement {
    if (!certificate) return nothingSent;
    const kept = this.#kept.get(certificate);
    if (kept && Math.abs(wallMs - kept.atMs) < keptMs) return kept.judged;
    const judged = this.#judge(certificate, wallMs);
    this.#kept.set(certificate, { judged, atMs: wallMs });
    return judged;
  }

  #judge(certificate: X509Certificate, wallMs: number): CertificateJudgement {
    let why = 'The client certificate was issued by an authority that this site does not take.';
    const names: string[] = [];
    for (const { name, certificates, lists } of this.#authorities) {
      for (const issuer of certificates) {
        if (!isIssuedBy(certificate, issuer)) continue;
        const fault = faultOf(certificate, issuer, lists, wallMs);
        if (fault === '') names.push(...namesOf(certificate, name));
        else why = fault;
        break;
      }
    }
    if (names.length === 0) return { names, subject: '', why };
    return { names, subject: subjectLine(certificate), why: '' };
  }
}

const nothingSent: CertificateJudgement = {
  ...{ names: [], subject: '' },
  why: 'The client sent no certificate.',
};

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function faultOf(
  certificate: X509Certificate,
  issuer: X509Certificate,
  lists: readonly RevocationList[],
  wallMs: number,
): string {
  if (!isWithin(issuer, wallMs)) return "The certificate of the client's authority is not valid now.";
  if (wallMs < certificate.validFromDate.getTime())
    return `The client certificate is valid only from ${certificate.validFromDate.toISOString()}.`;
  if (!isWithin(certificate, wallMs))
    return `The client certificate expired on ${certificate.validToDate.toISOString()}.`;
  if (certificate.ca) return "This is an authority's certificate, not a client's.";
  // As Node calls the extended key usage; without one anything goes.
  const purposes = certificate.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.includes(clientAuth) && !purposes.includes(anyPurpose))
    return 'The certificate was not issued for clients.';
  for (const list of lists) {
    if (!list.isOf(issuer)) continue;
    if (wallMs >= list.nextUpdateMs)
      return `The authority's list of revoked certificates ran out on ${new Date(list.nextUpdateMs).toISOString()}.`;
    if (list.serials.has(certificate.serialNumber.replace(/^0+(?=.)/, '').toUpperCase()))
      return 'The client certificate was revoked.';
  }
  return '';
}

function isWithin({ validFromDate, validToDate }: X509Certificate, wallMs: number): boolean {
  return wallMs >= validFromDate.getTime() && wallMs < validToDate.getTime();
}

/** What rules may call it. Texts in which Node quotes or escapes something are left out: they could be read in two ways. */
function namesOf(certificate: X509Certificate, authority: string): string[] {
  const plain = (text: string): boolean => text !== '' && !/[",\\\r\n]/.test(text);
  const commonNames = certificate.subject.split('\n').filter((line) => line.startsWith('CN='));
  const names = [`sha256=${certificate.fingerprint256.replaceAll(':', '')}`];
  const [commonName = ''] = commonNames.map((line) => line.slice('CN='.length));
  if (commonNames.length === 1 && plain(commonName)) names.push(`cn=${commonName}`);
  for (const entry of (certificate.subjectAltName ?? '').split(', ')) {
    const [, kind, value = ''] = /^(DNS|email|URI):(.*)$/.exec(entry) ?? [];
    if (kind !== undefined && plain(value)) names.push(`${kind}=${value}`);
  }
  return [authority, ...names.map((name) => `${authority}/${name.toLowerCase()}`)];
}

/** As in RFC 4514, but in the order of the certificate; what no field may hold as percent escapes. */
function subjectLine({ subject }: X509Certificate): string {
  return (subject ?? '')
    .split('\n')
    .join(', ')
    .replace(/[^\x20-\x24\x26-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
