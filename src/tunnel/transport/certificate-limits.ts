// The two limits of a CA certificate that node:crypto does not tell: how many CAs may stand below it, and for which names
// it may vouch (RFC 5280 sections 4.2.1.9 and 4.2.1.10). Read out of the DER of a certificate that OpenSSL has parsed
// already, so its form is sound.
import { isIP } from 'node:net';
import { type DerElement, readElements } from '#base/der-read.ts';
import { addressBytes } from '#base/net/ip.ts';

export interface CertificateLimits {
  /** CAs that may stand between this one and a leaf; Infinity without a limit. */
  readonly pathLength: number;
  /** Whether the name constraints, if there are any, leave this DNS name or IP address. */
  permits(name: string): boolean;
}

/** DER of the object identifiers' contents, as hex. */
const basicConstraints = '551d13';
const nameConstraints = '551d1e';

/** Tags of GeneralName. */
const dnsName = 0x82;
const ipAddress = 0x87;

/** Reads the limits of one certificate in DER. */
export function certificateLimits(der: Buffer): CertificateLimits {
  const extensions = extensionsOf(der);
  const constraints = extensions.get(nameConstraints);
  return {
    pathLength: pathLengthOf(extensions.get(basicConstraints)),
    permits: (name) => constraints === undefined || isPermitted(readElements(constraints), name),
  };
}

function pathLengthOf(constraints: Buffer | undefined): number {
  const limit = constraints && readElements(constraints).find(({ tag }) => tag === 0x02);
  if (!limit) return Infinity;
  return limit.value.length > 4 ? 0 : limit.value.readUIntBE(0, limit.value.length);
}

/** permittedSubtrees [0] must hold one that fits, if it holds any of the name's kind; excludedSubtrees [1] none. */
function isPermitted(constraints: readonly DerElement[], name: string): boolean {
  const kind = isIP(name) ? ipAddress : dnsName;
  const subtrees = (tag: number): Buffer[] =>
    constraints
      .filter((list) => list.tag === tag)
      .flatMap((list) => readElements(list.value).map((subtree) => readElements(subtree.value)[0]))
      .filter((base) => base?.tag === kind)
      .map((base) => base!.value);
  const permitted = subtrees(0xa0);
  const isWithin = (base: Buffer): boolean =>
    kind === dnsName ? isBelow(name, base.toString('latin1')) : isInNetwork(name, base);
  return (permitted.length === 0 || permitted.some(isWithin)) && !subtrees(0xa1).some(isWithin);
}

/** A base stands for itself and all below it; with a leading dot only for what is below. */
function isBelow(name: string, base: string): boolean {
  const [lower, suffix] = [name.toLowerCase(), base.toLowerCase()];
  if (suffix === '' || lower === suffix) return true;
  return lower.endsWith(suffix.startsWith('.') ? suffix : `.${suffix}`);
}

/** Address and mask, one after the other. */
function isInNetwork(name: string, base: Buffer): boolean {
  const address = addressBytes(name)!.subarray(isIP(name) === 4 ? 12 : 0);
  if (base.length !== 2 * address.length) return false;
  return address.every((byte, i) => ((byte ^ base[i]!) & base[address.length + i]!) === 0);
}

/** Extension values by object identifier: Certificate > TBSCertificate > [3] > list > (oid, critical?, value). */
function extensionsOf(der: Buffer): Map<string, Buffer> {
  const [certificate] = readElements(der);
  const [toBeSigned] = readElements(certificate!.value);
  const extensions = readElements(toBeSigned!.value).find(({ tag }) => tag === 0xa3);
  const [list] = extensions ? readElements(extensions.value) : [];
  const found = new Map<string, Buffer>();
  for (const extension of list ? readElements(list.value) : []) {
    const parts = readElements(extension.value);
    const identifier = parts[0]!.value.toString('hex');
    // What stands in extensions that we do not know need not even be DER.
    if (identifier !== basicConstraints && identifier !== nameConstraints) continue;
    const [content] = readElements(parts.at(-1)!.value);
    if (content) found.set(identifier, content.value);
  }
  return found;
}
