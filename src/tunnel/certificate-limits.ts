// The two limits of a CA certificate that node:crypto does not tell: how many CAs may stand below it, and for which names
// it may vouch (RFC 5280 sections 4.2.1.9 and 4.2.1.10). Read out of the DER of a certificate that OpenSSL has parsed
// already, so its form is sound.
import { isIP } from 'node:net';
import { addressBytes } from '#base/ip.ts';

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

interface Tlv {
  readonly tag: number;
  readonly value: Buffer;
}

/** Reads the limits of one certificate in DER. */
export function certificateLimits(der: Buffer): CertificateLimits {
  const extensions = extensionsOf(der);
  const constraints = extensions.get(nameConstraints);
  return {
    pathLength: pathLengthOf(extensions.get(basicConstraints)),
    permits: (name) => constraints === undefined || isPermitted(childrenOf(constraints), name),
  };
}

function pathLengthOf(constraints: Buffer | undefined): number {
  const limit = constraints && childrenOf(constraints).find(({ tag }) => tag === 0x02);
  if (!limit) return Infinity;
  return limit.value.length > 4 ? 0 : limit.value.readUIntBE(0, limit.value.length);
}

/** permittedSubtrees [0] must hold one that fits, if it holds any of the name's kind; excludedSubtrees [1] none. */
function isPermitted(constraints: readonly Tlv[], name: string): boolean {
  const kind = isIP(name) ? ipAddress : dnsName;
  const subtrees = (tag: number): Buffer[] =>
    constraints
      .filter((list) => list.tag === tag)
      .flatMap((list) => childrenOf(list.value).map((subtree) => childrenOf(subtree.value)[0]))
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
  const [certificate] = childrenOf(der);
  const [toBeSigned] = childrenOf(certificate!.value);
  const extensions = childrenOf(toBeSigned!.value).find(({ tag }) => tag === 0xa3);
  const [list] = extensions ? childrenOf(extensions.value) : [];
  const found = new Map<string, Buffer>();
  for (const extension of list ? childrenOf(list.value) : []) {
    const parts = childrenOf(extension.value);
    const [content] = childrenOf(parts.at(-1)!.value);
    if (content) found.set(parts[0]!.value.toString('hex'), content.value);
  }
  return found;
}

/** The elements that follow one another in a constructed value. */
function childrenOf(bytes: Buffer): Tlv[] {
  const children: Tlv[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]!;
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
    const start = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes);
    children.push({ tag: bytes[at]!, value: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return children;
}
