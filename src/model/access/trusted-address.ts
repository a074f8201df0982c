// Which address a sign-in may make trusted, for rules like `address-of:group:family`.
import { addressBytes, cidrSet, privatePrefixes } from '#base/net/ip.ts';

/** Behind one of these may be everybody: a proxy on this machine, a container network, a carrier's NAT. */
const shared = cidrSet(privatePrefixes);

/**
 * What stands for an address: itself, or of IPv6 its /64, since hosts change the rest of it all day. Undefined for what is
 * no address, and for one that can be anybody's.
 */
export function trustKey(address: string): string | undefined {
  const bytes = addressBytes(address);
  if (!bytes || shared.has(address)) return undefined;
  const isV4 = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  return Buffer.from(isV4 ? bytes : bytes.subarray(0, 8)).toString('hex');
}
