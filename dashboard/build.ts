// `npm run build -w dashboard`: builds the dashboard into dashboard/dist, with each file that is worth it compressed
// beside itself (.br, .gz), and a manifest that the edge serves by. `--if-needed` does nothing while the sources are the
// ones of the last build: `npm ci` and `npm start` call it so, and it says one line when it has something to do.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = fileURLToPath(new URL('dist/', import.meta.url));
const manifestFile = `${dist}manifest.json`;

/** What the first visit may cost over the wire, compressed. */
const firstLoadLimitBytes = 350_000;

/** What the edge needs to know of a file. */
interface BuiltFile {
  readonly path: string;
  readonly type: string;
  readonly bytes: number;
  /** Of the content, for the ETag. */
  readonly hash: string;
  /** The name carries a hash of the content: it may be kept for ever. */
  readonly isImmutable: boolean;
  readonly encodings: readonly ('br' | 'gzip')[];
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

const source = hashOfSources();
if (process.argv.includes('--if-needed')) {
  if (isBuiltFrom(source)) process.exit(0);
  if (!existsSync(`${root}node_modules/vite/package.json`)) {
    process.stdout.write(
      'The dashboard is not built: its build tools are not installed (npm ci without --omit=dev brings them).\n',
    );
    process.exit(0);
  }
  process.stdout.write('Building the dashboard (once, and again when its sources change) ...\n');
}
const { build } = await import('vite');
await build({
  configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
  logLevel: 'warn',
});
const files = globSync('**/*', { cwd: dist })
  .filter((path) => statSync(dist + path).isFile())
  .toSorted()
  .map(describeFile);
writeFileSync(manifestFile, `${JSON.stringify({ source, files }, null, 1)}\n`);
reportSize();

function hashOfSources(): string {
  const hash = createHash('sha256');
  const inputs = globSync(
    ['dashboard/{src,public}/**/*', 'dashboard/*.{ts,html,json}', 'src/{api,model,base}/*.ts'],
    { cwd: root },
  );
  for (const path of inputs.toSorted()) {
    if (path.endsWith('.test.ts') || !statSync(root + path).isFile()) continue;
    hash
      .update(`${path}\0`)
      .update(readFileSync(root + path))
      .update('\0');
  }
  return hash.digest('hex');
}

function isBuiltFrom(hash: string): boolean {
  try {
    return (JSON.parse(readFileSync(manifestFile, 'utf8')) as { source: string }).source === hash;
  } catch {
    return false;
  }
}

function describeFile(path: string): BuiltFile {
  const content = readFileSync(dist + path);
  const extension = path.slice(path.lastIndexOf('.') + 1);
  const type = types[extension];
  if (type === undefined) throw new Error(`dashboard/build.ts does not know the media type of ${path}`);
  const encodings: ('br' | 'gzip')[] = [];
  // The page itself is made anew for every answer (base path, nonce), and a font is compressed already.
  if (extension !== 'woff2' && extension !== 'html') {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(`${dist}${path}.br`, brotliCompressSync(content, { params }));
    writeFileSync(`${dist}${path}.gz`, gzipSync(content, { level: 9 }));
    encodings.push('br', 'gzip');
  }
  return {
    path,
    type,
    bytes: content.length,
    hash: createHash('sha256').update(content).digest('base64url').slice(0, 22),
    isImmutable: path.startsWith('assets/'),
    encodings,
  };
}

/** Prints what a first visit loads (the page, what it names, and what that imports at once) and holds it to its limit. */
function reportSize(): void {
  const wanted = new Set(['index.html']);
  for (const path of wanted) {
    const text = path.endsWith('.woff2') ? '' : readFileSync(dist + path, 'utf8');
    const named = path.endsWith('.html')
      ? text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)
      : text.matchAll(/(?:\bfrom|^import|;import)\s*"\.\/([^"]+\.js)"/g);
    for (const [, name] of named) wanted.add(path.endsWith('.html') ? name! : `assets/${name!}`);
  }
  const size = (path: string): number =>
    statSync(existsSync(`${dist}${path}.br`) ? `${dist}${path}.br` : dist + path).size;
  const first = [...wanted].reduce((sum, path) => sum + size(path), 0);
  const all = files.reduce((sum, { path }) => sum + size(path), 0);
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
  process.stdout.write(
    `Dashboard: ${files.length} files, ${kB(all)} compressed, ${kB(first)} of it for the first page.\n`,
  );
  if (first > firstLoadLimitBytes) {
    throw new Error(`the first page loads ${kB(first)}, over its limit of ${kB(firstLoadLimitBytes)}`);
  }
}
