// Writes small databases in MaxMind's format (MMDB 2.0), as the vendors of such databases do: a binary tree over the bits of
// IPv6 addresses, with IPv4 below ::/96, 16 zero bytes, records, and a map of metadata behind a mark.
//
//   tree   node_count * (left, right), 24 bits each: a node, node_count for nothing, or node_count + 16 + an offset of data
//   data   control byte: type in the upper three bits, size in the lower five; then the value
import { addressBytes } from '#base/net/ip.ts';

type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

/** The bytes of a database with these records, by prefix; later ones lie within earlier ones or beside them. */
export function writeMmdb(
  records: Readonly<Record<string, Value>>,
  { ipVersion = 6, type = 'Test-Country' }: { readonly ipVersion?: 4 | 6; readonly type?: string } = {},
): Buffer {
  const nodes: [Leaf, Leaf][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  let dataBytes = 0;
  for (const [prefix, value] of Object.entries(records)) {
    const bits = bitsOf(prefix, ipVersion);
    const record = encode(value);
    insert(nodes, bits, { offset: dataBytes });
    data.push(record);
    dataBytes += record.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [i, node] of nodes.entries()) {
    for (const side of [0, 1] as const) {
      const leaf = node[side];
      const number =
        leaf === undefined ? nodes.length : typeof leaf === 'number' ? leaf : nodes.length + 16 + leaf.offset;
      tree.writeUIntBE(number, i * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_767_225_600,
    database_type: type,
    description: { en: 'made by a test' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, mark, metadata]);
}

/** A record as MaxMind's country databases have it. */
export function countryRecord(code: string): Value {
  return { country: { iso_code: code, names: { en: code } }, registered_country: { iso_code: 'ZZ' } };
}

const mark = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);

/** A node, a record, or nothing. */
type Leaf = number | { readonly offset: number } | undefined;

function insert(nodes: [Leaf, Leaf][], bits: readonly (0 | 1)[], record: { readonly offset: number }): void {
  let node = 0;
  for (const [depth, side] of bits.entries()) {
    if (depth === bits.length - 1) {
      nodes[node]![side] = record;
      return;
    }
    const next = nodes[node]![side];
    if (typeof next === 'number') {
      node = next;
      continue;
    }
    // A wider record goes on on both sides of the new one.
    nodes.push([next, next]);
    nodes[node]![side] = nodes.length - 1;
    node = nodes.length - 1;
  }
}

function bitsOf(prefix: string, ipVersion: 4 | 6): (0 | 1)[] {
  const [address = '', width] = prefix.split('/');
  const isV4 = !address.includes(':');
  const bytes = Buffer.from(addressBytes(address)!);
  // The tree keeps IPv4 below ::/96, where a mapped address has ffff.
  if (isV4) bytes.fill(0, 10, 12);
  const from = isV4 && ipVersion === 4 ? 96 : 0;
  const until = isV4 ? 96 + Number(width ?? 32) : Number(width ?? 128);
  return Array.from({ length: until - from }, (_, i) => {
    const bit = from + i;
    return ((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) as 0 | 1;
  });
}

function encode(value: Value): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const isShort = value < 65_536;
    const bytes = Buffer.alloc(isShort ? 2 : 4);
    bytes.writeUIntBE(value, 0, bytes.length);
    return Buffer.concat([control(isShort ? 5 : 6, bytes.length), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as { readonly [key: string]: Value });
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, each]) => [encode(key), encode(each)]),
  ]);
}

/** Sizes below 29 only; types above seven stand in a byte of their own. */
function control(type: number, size: number): Buffer {
  if (size >= 29)
    return Buffer.concat([
      control(type, 0).map((byte, i) => (i === 0 ? byte | 29 : byte)),
      Buffer.from([size - 29]),
    ]);
  return Buffer.from(type > 7 ? [size, type - 7] : [(type << 5) | size]);
}
