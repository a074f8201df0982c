// Requests to start from and ways to spoil them, for the differential run. The starting points are plain requests and
// the published families of desync payloads (HTTP Garden's list, RFC 9112 section 11); the mutations are drawn from a
// seeded random, so that a failing case can be made again from its seed.
import { seededRandom } from '#testkit/seeded-random.ts';

const host = 'Host: a.example\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n';
const body = '5\r\nabcde\r\n0\r\n\r\n';

function get(target: string, fields = ''): string {
  return `GET ${target} HTTP/1.1\r\n${host}${fields}\r\n`;
}

function post(fields: string, content: string): string {
  return `POST /p HTTP/1.1\r\n${host}${fields}\r\n${content}`;
}

/** Where mutations begin. Each is a whole connection's bytes. */
export const seeds: readonly string[] = [
  get('/'),
  get('/a/b?c=d&e=%20'),
  get('/', 'Accept: */*\r\nUser-Agent: x\r\nCookie: a=b; c=d\r\n'),
  get('http://a.example/x'),
  get('*'),
  get('//x/../y'),
  get('/a%2fb'),
  get('/', 'X: \r\n'),
  get('/', 'X:\r\n'),
  get('/', 'X:\t a \t\r\n'),
  get('/', 'Connection: keep-alive\r\n'),
  get('/', 'Connection: close\r\n') + get('/2'),
  get('/1') + get('/2') + get('/3'),
  `\r\n${get('/')}`,
  `\r\n\r\n${get('/')}`,
  `${get('/')}\r\n${get('/2')}`,
  'GET / HTTP/1.0\r\n\r\n',
  `GET / HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r\n${get('/2')}`,
  `HEAD /h HTTP/1.1\r\n${host}\r\n`,
  `OPTIONS /o HTTP/1.1\r\n${host}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
  `DELETE /d HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`,
  `PROPFIND /d HTTP/1.1\r\n${host}Depth: 1\r\n\r\n`,
  `CONNECT a.example:443 HTTP/1.1\r\n${host}\r\nabc`,
  `TRACE / HTTP/1.1\r\n${host}\r\n`,
  `PUT /u HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nabcde${get('/2')}`,
  post('Content-Length: 5\r\n', 'abcde'),
  post('Content-Length: 5\r\n', `abcde${get('/2')}`),
  post('Content-Length: 05\r\n', 'abcde'),
  post('Content-Length: 5\r\nContent-Length: 5\r\n', 'abcde'),
  post('Content-Length: 5\r\nContent-Length: 6\r\n', 'abcdef'),
  post('Content-Length: 5, 5\r\n', 'abcde'),
  post('Content-Length: +5\r\n', 'abcde'),
  post('Content-Length: -0\r\n', ''),
  post('Content-Length: 0x5\r\n', 'abcde'),
  post('Content-Length: 5 \r\n', 'abcde'),
  post('Content-Length:5\r\n', 'abcde'),
  post('Content-Length: 18446744073709551621\r\n', 'abcde'),
  post('Content-Length: \r\n', ''),
  post(chunked, body),
  post(chunked, `${body}${get('/2')}`),
  post('Transfer-Encoding: Chunked\r\n', body),
  post('Transfer-Encoding: chunked, identity\r\n', body),
  post('Transfer-Encoding: identity\r\n', ''),
  post('Transfer-Encoding: gzip, chunked\r\n', body),
  post('Transfer-Encoding: ,chunked\r\n', body),
  post('Transfer-Encoding: xchunked\r\n', body),
  post('Transfer-Encoding: "chunked"\r\n', body),
  post('Transfer-Encoding: chunked;q=1\r\n', body),
  post('Transfer-Encoding:\x0bchunked\r\n', body),
  post('Transfer-Encoding : chunked\r\n', body),
  post('Transfer-Encoding\t: chunked\r\n', body),
  post('Transfer-Encoding:\r\n chunked\r\n', body),
  post(`${chunked}${chunked}`, body),
  post(`Content-Length: 5\r\n${chunked}`, '0\r\n\r\nX'),
  post(`${chunked}Content-Length: 5\r\n`, '0\r\n\r\nX'),
  post(`X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`, 'abcde'),
  post(`Content_Length: 5\r\n`, 'abcde'),
  post('Content-Length\x00: 5\r\n', 'abcde'),
  post(chunked, '5;a=b\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '5 ; a="b c"\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '5;\nxx\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '5\nabcde\n0\n\n'),
  post(chunked, '05\r\nabcde\r\n000\r\n\r\n'),
  post(chunked, '0x5\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '-5\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '5 \r\nabcde\r\n0\r\n\r\n'),
  post(chunked, ' 5\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '5\r\nabcdeX\r\n0\r\n\r\n'),
  post(chunked, '5\r\nabcde0\r\n\r\n'),
  post(chunked, '\r\n5\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, '100000000000000005\r\nabcde\r\n0\r\n\r\n'),
  post(chunked, 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'),
  post(chunked, '5\r\nabcde\r\n0\r\nX-T: 1\r\n\r\n'),
  post(chunked, `5\r\nabcde\r\n0\r\nX-T: 1\r\n\r\n${get('/2')}`),
  post(chunked, '5\r\nabcde\r\n0\r\nContent-Length: 9\r\n\r\n'),
  post(`Connection: close, Content-Length\r\nContent-Length: 5\r\n`, 'abcde'),
  post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'abcde'),
  `GET / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nabcde`,
  `GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n${get('/2')}`,
  `GET / HTTP/1.1\nHost: a.example\n\n`,
  `GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost:\r\n\r\n`,
  `GET  / HTTP/1.1\r\n${host}\r\n`,
  `GET / HTTP/1.1 \r\n${host}\r\n`,
  `GET /\r\n`,
  `GET / HTTP/1.2\r\n${host}\r\n`,
  `GET / HTTP/2.0\r\n${host}\r\n`,
  `GET / http/1.1\r\n${host}\r\n`,
  `get / HTTP/1.1\r\n${host}\r\n`,
  `GET / HTTP/1.1\r\nX: 1\r\n${host}\r\n`,
  `GET / HTTP/1.1\r\n Host: a.example\r\n\r\n`,
];

/** Bytes that parsers disagree about. */
const sharp = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '0',
  '5',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\xff',
  '"',
  '%00',
];
const lines = [
  'Content-Length: 5\r\n',
  chunked,
  host,
  'Connection: close\r\n',
  'X: y\r\n',
  'Upgrade: h2c\r\n',
  '\r\n',
];

/** One generated case. */
export interface MutatedCase {
  readonly seed: number;
  readonly bytes: string;
}

/** `count` cases; the first ones are the seeds as they stand. */
export function mutatedCases(count: number, firstSeed: number): MutatedCase[] {
  const out: MutatedCase[] = seeds.map((bytes) => ({ seed: -1, bytes }));
  for (let i = 0; out.length < count; i++) out.push({ seed: firstSeed + i, bytes: mutate(firstSeed + i) });
  return out;
}

/** The case of this seed. */
export function mutate(seed: number): string {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.fraction() * limit);
  let bytes = seeds[below(seeds.length)]!;
  for (let n = 1 + below(3); n > 0; n--) bytes = mutateOnce(bytes, below);
  return bytes;
}

function mutateOnce(bytes: string, below: (limit: number) => number): string {
  const at = below(bytes.length + 1);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  switch (below(8)) {
    case 0:
      return bytes.slice(0, at) + pick(sharp) + bytes.slice(at);
    case 1:
      return bytes.slice(0, at) + bytes.slice(at + 1);
    case 2:
      return bytes.slice(0, at) + pick(sharp) + bytes.slice(at + 1);
    case 3:
      return bytes.slice(0, at) + String.fromCharCode(below(256)) + bytes.slice(at + 1);
    case 4:
      return moveLine(bytes, below);
    case 5:
      return insertLine(bytes, pick(lines), below);
    case 6:
      return bytes.slice(0, at) + bytes.slice(at, at + 1).repeat(2) + bytes.slice(at + 1);
    default:
      return flipCase(bytes, at);
  }
}

function moveLine(bytes: string, below: (limit: number) => number): string {
  const all = bytes.split('\r\n');
  const [line] = all.splice(below(all.length), 1);
  all.splice(below(all.length + 1), 0, line!);
  return all.join('\r\n');
}

function insertLine(bytes: string, line: string, below: (limit: number) => number): string {
  const starts = [...bytes.matchAll(/\r\n/g)].map((match) => match.index + 2);
  const at = starts[below(starts.length)] ?? 0;
  return bytes.slice(0, at) + line + bytes.slice(at);
}

function flipCase(bytes: string, at: number): string {
  const char = bytes.charAt(at);
  const flipped = char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase();
  return bytes.slice(0, at) + flipped + bytes.slice(at + 1);
}
