// What a compressed byte costs: `node bench/codings.ts` prints CPU time and size of each coding and level for bodies such
// as sites send. The levels in src/edge/coding/encoder.ts come from here.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { homePage } from '../src/roles/demo/sample-pages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Bodies by name: a small page, a page's worth of text, a script bundle, JSON. */
function bodies(): ReadonlyArray<readonly [string, Buffer]> {
  const source = readdirSync(`${root}src/edge`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${root}src/edge/${name}`, 'utf8'))
    .join('\n');
  return [
    ['page 2 KiB', Buffer.from(homePage())],
    ['text 30 KiB', Buffer.from(readFileSync(`${root}README.md`, 'utf8').repeat(3).slice(0, 30_000))],
    ['script 100 KiB', Buffer.from(source.slice(0, 100_000))],
    ['json 300 KiB', readFileSync(`${root}package-lock.json`).subarray(0, 300_000)],
  ];
}

const brotli =
  (quality: number, lgwin = 19) =>
  (body: Buffer): Buffer =>
    brotliCompressSync(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_LGWIN]: lgwin,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    });
const zstd =
  (level: number, windowLog = 19) =>
  (body: Buffer): Buffer =>
    zstdCompressSync(body, {
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowLog },
    });
const gzip =
  (level: number) =>
  (body: Buffer): Buffer =>
    gzipSync(body, { level });

const ways: ReadonlyArray<readonly [string, (body: Buffer) => Buffer]> = [
  ...[1, 3, 4, 5, 6, 7].map((level) => [`gzip ${level}`, gzip(level)] as const),
  ...[1, 3, 4, 5, 6, 9, 11].map((level) => [`br ${level}`, brotli(level)] as const),
  ...[1, 3, 5, 7, 9, 12, 19].map((level) => [`zstd ${level}`, zstd(level)] as const),
];

for (const [name, body] of bodies()) {
  process.stdout.write(`\n${name} (${body.length} bytes)\n`);
  for (const [way, run] of ways) {
    let size = 0;
    const rounds = /br 11|zstd 19/.test(way) ? 5 : 60;
    for (let i = 0; i < rounds / 5; i++) size = run(body).length;
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) run(body);
    const { user, system } = process.cpuUsage(before);
    const us = (user + system) / rounds;
    process.stdout.write(
      `  ${way.padEnd(8)} ${((100 * size) / body.length).toFixed(1).padStart(5)} %  ${us.toFixed(0).padStart(6)} us\n`,
    );
  }
}
