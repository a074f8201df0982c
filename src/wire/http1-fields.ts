// Names of header fields that a proxy must know, and how each is treated. The parser recognises them by a hash of
// the lower-cased name while it reads the bytes, so an ordinary field costs no allocation and no string.

/** What the forwarder does with a field. Everything it does not know is forwarded as it stands. */
export const FieldAction = {
  forward: 0,
  /** Never passed on: hop-by-hop, or an identity that only the edge may state. */
  drop: 1,
  host: 2,
  contentLength: 3,
  transferEncoding: 4,
  connection: 5,
  upgrade: 6,
  expect: 7,
  te: 8,
  /** Forwarding chain: dropped from strangers, kept from trusted proxies. */
  forwarding: 9,
  cdnLoop: 10,
} as const;

/** Fields of requests (and, where they occur, of responses) that are not simply forwarded. */
const known: Readonly<Record<string, number>> = {
  host: FieldAction.host,
  'content-length': FieldAction.contentLength,
  'transfer-encoding': FieldAction.transferEncoding,
  connection: FieldAction.connection,
  upgrade: FieldAction.upgrade,
  expect: FieldAction.expect,
  te: FieldAction.te,
  'cdn-loop': FieldAction.cdnLoop,
  // RFC 9110 section 7.6.1 and its predecessors.
  'keep-alive': FieldAction.drop,
  'proxy-connection': FieldAction.drop,
  'proxy-authenticate': FieldAction.drop,
  'proxy-authorization': FieldAction.drop,
  'http2-settings': FieldAction.drop,
  // Becomes HTTP_PROXY in a CGI environment (CVE-2016-5385); no request has an honest use for it.
  proxy: FieldAction.drop,
  // Who the client is: stated by the edge alone.
  forwarded: FieldAction.forwarding,
  'x-forwarded': FieldAction.forwarding,
  'x-real-ip': FieldAction.forwarding,
  'x-remote-ip': FieldAction.forwarding,
  'x-remote-addr': FieldAction.forwarding,
  'x-originating-ip': FieldAction.forwarding,
  'client-ip': FieldAction.forwarding,
  'x-client-ip': FieldAction.forwarding,
  'x-cluster-client-ip': FieldAction.forwarding,
  'true-client-ip': FieldAction.forwarding,
  'fastly-client-ip': FieldAction.forwarding,
  'cf-connecting-ip': FieldAction.forwarding,
  'cf-connecting-ipv6': FieldAction.forwarding,
  'cf-pseudo-ipv4': FieldAction.forwarding,
  'cf-ipcountry': FieldAction.forwarding,
  'cf-visitor': FieldAction.forwarding,
  'cf-ray': FieldAction.forwarding,
  'x-request-id': FieldAction.forwarding,
  // Who signed in, as services behind a proxy read it: stated by the edge, or by a proxy behind it.
  'remote-user': FieldAction.forwarding,
  'remote-name': FieldAction.forwarding,
  'remote-email': FieldAction.forwarding,
  'remote-group': FieldAction.forwarding,
  'remote-groups': FieldAction.forwarding,
  'tailscale-user-login': FieldAction.forwarding,
  'tailscale-user-name': FieldAction.forwarding,
  'tailscale-user-profile-pic': FieldAction.forwarding,
  // Which certificate the client showed (RFC 9440, and what it was called before).
  'client-cert': FieldAction.forwarding,
  'client-cert-chain': FieldAction.forwarding,
  'ssl-client-cert': FieldAction.forwarding,
  'ssl-client-dn': FieldAction.forwarding,
  'ssl-client-verify': FieldAction.forwarding,
  'x-client-cert': FieldAction.forwarding,
  'x-client-dn': FieldAction.forwarding,
  'x-client-verify': FieldAction.forwarding,
};

/** Whole families that only the edge (or a trusted proxy) may state, by lower-case prefix. */
const familyPrefixes = [
  'x-forwarded-',
  'x-original-',
  'x-rewrite-',
  'x-sallyport-',
  'x-remote-',
  'x-auth-request-',
  'x-authelia-',
  'x-authentik-',
  'x-webauth-',
  'x-pomerium-',
  'x-goog-authenticated-user-',
  'x-goog-iap-',
  'x-ms-client-principal-',
  'x-amzn-oidc-',
  'x-ssl-client-',
  'cf-access-',
  'cf-warp-',
  'cf-int-',
  'cf-cloudflared-',
  'cf-proxy-',
];

/** Multiplier of the rolling hash the parser keeps over the lower-cased name. */
export const hashMultiplier = 31;

interface KnownField {
  readonly name: Uint8Array;
  readonly action: number;
}

const slotCount = 256;
const slots: ReadonlyArray<KnownField | undefined> = buildSlots();
const familyBytes: readonly Uint8Array[] = familyPrefixes.map((text) => Buffer.from(text));

/** The action for a field whose name (any case) stands at [start, end) of `source` and hashes to `hash`. */
export function fieldAction(source: Uint8Array, start: number, end: number, hash: number): number {
  for (let slot = hash & (slotCount - 1); ; slot = (slot + 1) & (slotCount - 1)) {
    const entry = slots[slot];
    if (entry === undefined) break;
    if (entry.name.length === end - start && startsWithFolded(source, start, entry.name)) return entry.action;
  }
  if (!mayBeFamily(source[start]! | 0x20, source[start + 1]! | 0x20)) return FieldAction.forward;
  for (const prefix of familyBytes) {
    if (end - start > prefix.length && startsWithFolded(source, start, prefix)) return FieldAction.forwarding;
  }
  return FieldAction.forward;
}

/** All families begin with `x-` or `cf`. */
function mayBeFamily(first: number, second: number): boolean {
  return first === 0x78 ? second === 0x2d : first === 0x63 && second === 0x66;
}

/** The action for a name given as text, as HTTP/2 and configuration have it. */
export function fieldActionOf(name: string): number {
  const bytes = Buffer.from(name, 'latin1');
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash, hashMultiplier) + lowerCase(byte)) | 0;
  return fieldAction(bytes, 0, bytes.length, hash);
}

/** Whether a name has a spelling that CGI-style origins fold onto another field (`X_Real_IP`, `X.Real.IP`, `X~Real~IP`). */
export function isAliasSpelling(name: string): boolean {
  return /[!#$%&'*+.^_`|~]/.test(name);
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function startsWithFolded(source: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    if (lowerCase(source[start + i]!) !== lower[i]) return false;
  }
  return true;
}

function buildSlots(): Array<KnownField | undefined> {
  const table = Array.from<KnownField | undefined>({ length: slotCount });
  for (const [text, action] of Object.entries(known)) {
    const name = Buffer.from(text);
    let hash = 0;
    for (const byte of name) hash = (Math.imul(hash, hashMultiplier) + byte) | 0;
    let slot = hash & (slotCount - 1);
    while (table[slot] !== undefined) slot = (slot + 1) & (slotCount - 1);
    table[slot] = { name, action };
  }
  return table;
}
