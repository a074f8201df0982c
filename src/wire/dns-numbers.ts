// The numbers of DNS and their names (IANA "Domain Name System (DNS) Parameters"): record types, classes, operation and
// response codes. A type without a name here is written TYPE123 (RFC 3597 section 5).

/** Record types by name. */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

/** Classes (RFC 1035 section 3.2.4); NONE and ANY have a meaning of their own in updates (RFC 2136). */
export const recordClasses = { IN: 1, CH: 3, NONE: 254, ANY: 255 } as const;

/** Operation codes. */
export const opcodes = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

/** Response codes; those above 15 exist only in OPT (extended) or TSIG records. */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADSIG: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADCOOKIE: 23,
} as const;

const typeNames = new Map<number, string>(
  Object.entries(recordTypes).map(([name, number]) => [number, name]),
);
const rcodeNames = new Map<number, string>(
  Object.entries(rcodes)
    .filter(([name]) => name !== 'BADSIG')
    .map(([name, number]) => [number, name]),
);

/** `A`, `AAAA` ... or `TYPE123`. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The number of `A`, `aaaa`, `TYPE123`; undefined when the text names no type. */
export function typeNumber(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(recordTypes, upper)) return recordTypes[upper as keyof typeof recordTypes];
  const digits = /^TYPE(\d{1,5})$/.exec(upper)?.[1];
  return digits !== undefined && Number(digits) <= 0xffff ? Number(digits) : undefined;
}

/** `NXDOMAIN`, or `RCODE11` for one without a name here. */
export function rcodeName(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${rcode}`;
}
