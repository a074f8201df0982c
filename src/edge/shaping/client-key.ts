// Who counts as one client: an IPv4 address, or an IPv6 /64, which is what one household or one server is given and within
// which addresses are drawn at will.
import { addressBytes } from '#base/net/ip.ts';

/** The key of an address; text that is none is its own. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = addressBytes(address);
  if (bytes?.length !== 16) return address;
  const groups = [0, 2, 4, 6].map((at) => ((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  return `${groups.join(':')}::/64`;
}
