// What a name server on the open internet is sent: good queries with some of it changed, cut short or repeated, names that
// point at themselves, counts that promise thousands of records, options and signatures of noise, and noise.
import type { SeededRandom } from '#testkit/seeded-random.ts';
import { dnsQuery } from '#testkit/dns-zones.ts';
import { encodeMessage } from '#wire/dns-message.ts';
import { recordClasses, recordTypes } from '#wire/dns-numbers.ts';

const names = [
  'blog',
  'BLOG',
  'no',
  'big',
  'a.b.apps',
  'x.child',
  'child',
  '',
  '_acme-challenge',
  'x'.repeat(63),
];
const types = Object.keys(recordTypes) as (keyof typeof recordTypes)[];
const headerBytes = 12;

/** A question that a client could mean. */
export function goodQuery(random: SeededRandom): Uint8Array {
  const name = random.pick(names);
  const zone = random.pick(['lab.test', 'lab.test', 'example.com', 'test', '']);
  return encodeMessage(
    dnsQuery([name, zone].filter((part) => part !== '').join('.'), random.pick(types), {
      id: random.integer(0, 65_535),
      opcode: random.fraction() < 0.8 ? 0 : random.integer(0, 15),
      class: random.fraction() < 0.8 ? recordClasses.IN : random.integer(0, 65_535),
      wantsRecursion: random.fraction() < 0.5,
      ...(random.fraction() < 0.3 ? {} : { payloadBytes: random.integer(1, 65_535) }),
      ...(random.fraction() < 0.9 ? {} : { version: random.integer(0, 255) }),
      ...(random.fraction() < 0.7 ? {} : { cookie: random.bytes(random.integer(1, 41)) }),
    }),
  );
}

type Maker = (random: SeededRandom) => Uint8Array;

const makers: readonly Maker[] = [
  goodQuery,
  // Some bytes changed; the rest still leads somewhere.
  (random) => {
    const bytes = Buffer.from(goodQuery(random));
    for (let i = random.integer(1, 4); i > 0; i--)
      bytes[random.integer(2, bytes.length - 1)] = random.integer(0, 255);
    return bytes;
  },
  // Cut short, or with a tail.
  (random) => {
    const bytes = goodQuery(random);
    return bytes.subarray(0, random.integer(0, bytes.length));
  },
  (random) => Buffer.concat([goodQuery(random), random.bytes(random.integer(1, 300))]),
  // Counts that promise what is not there.
  (random) => {
    const bytes = Buffer.from(goodQuery(random));
    bytes.writeUInt16BE(random.pick([0, 2, 255, 65_535]), random.pick([4, 6, 8, 10]));
    return bytes;
  },
  // A name that points at itself, ahead, at the header, or in a circle of two.
  (random) => {
    const header = Buffer.from(goodQuery(random).subarray(0, headerBytes));
    header.writeUInt32BE(0x0001_0000, 4);
    header.writeUInt32BE(0, 8);
    const to = (offset: number): number[] => [0xc0 | (offset >> 8), offset & 255];
    const name = random.pick([to(12), to(14), to(0), [...to(14), ...to(12)], [1, 97, ...to(12)], to(0x3fff)]);
    return Buffer.from([...header, ...name, 0, 1, 0, 1]);
  },
  // A chain of pointers as long as fits, ending in the first.
  (random) => {
    const header = Buffer.from(goodQuery(random).subarray(0, headerBytes));
    header.writeUInt32BE(0x0001_0000, 4);
    const links = Array.from({ length: 600 }, (_, i) => {
      const offset = i === 0 ? 12 + 2 * 599 : 12 + 2 * (i - 1);
      return [0xc0 | (offset >> 8), offset & 255];
    });
    return Buffer.from([...header, ...links.flat(), 0, 1, 0, 1]);
  },
  // Answers, which must not be answered: two servers would talk for ever.
  (random) => {
    const bytes = Buffer.from(goodQuery(random));
    bytes[2] = bytes[2]! | 0x80;
    return bytes;
  },
  // Several questions, and OPT records several times over.
  (random) => {
    const bytes = Buffer.from(goodQuery(random));
    bytes.writeUInt16BE(random.integer(2, 60), 10);
    const opt = Buffer.from([0, 0, 41, 255, 255, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([bytes, ...Array.from({ length: 60 }, () => opt)]);
  },
  // A signature of noise.
  (random) => {
    const bytes = Buffer.from(goodQuery(random));
    bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
    const noise = random.bytes(random.integer(0, 120));
    const head = Buffer.from([0, 0, 250, 0, 255, 0, 0, 0, 0, noise.length >> 8, noise.length & 255]);
    return Buffer.concat([bytes, head, noise]);
  },
  (random) => random.bytes(random.integer(0, 1500)),
];

/** One of them. */
export function hostileMessage(random: SeededRandom): Uint8Array {
  return random.pick(makers)(random);
}
