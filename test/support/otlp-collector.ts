// Collectors of spans for tests: one that keeps what is posted to it and answers as told, and the OpenTelemetry
// collector's own receiver as a judge of what the edge sends.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { goCommand } from './go-tool.ts';
import { freePort, repositoryRoot, run, startProcess } from './process.ts';

/** A span as OTLP's JSON has it, as far as tests look. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface TracesBody {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** The spans of a body of `/v1/traces`. */
export function spansOf(body: string): OtlpSpan[] {
  const { resourceSpans } = JSON.parse(body) as TracesBody;
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

/** What was posted. */
export interface PostedSpans {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A collector of the test's own. */
export interface PlainCollector {
  readonly url: string;
  readonly posts: PostedSpans[];
  /** Status of its answers from now on. */
  status: number;
  close(): Promise<void>;
}

/** Starts one on a port of its own. */
export async function startPlainCollector(): Promise<PlainCollector> {
  const posts: PostedSpans[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      posts.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(collector.status, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const collector: PlainCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    status: 200,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return collector;
}

/** The version of the receiver, and of the modules that come with it. */
const receiverVersion = 'v0.165.0';

/** The OpenTelemetry collector's receiver. */
export interface RealCollector {
  readonly url: string;
  /** What it took, as its own encoder writes it, one JSON text for each batch. */
  batches(): string[];
  /** What it complained of. */
  stderr(): string;
  close(): Promise<void>;
}

/** Builds and starts it; undefined without Go. */
export async function startRealCollector(): Promise<RealCollector | undefined> {
  const program = await receiverProgram();
  if (program === undefined) return undefined;
  const port = await freePort();
  const running = startProcess(program, [String(port)]);
  await eventually('the collector is ready', () => running.stdout().includes('ready'), 60_000);
  return {
    url: `http://127.0.0.1:${port}`,
    batches: () =>
      running
        .stdout()
        .split('\n')
        .filter((line) => line.startsWith('{')),
    stderr: () => running.stderr(),
    close: () => running.stop(),
  };
}

/** Built once into the user's cache from test/support/otlp-collector/, with the collector's modules at a pinned version. */
async function receiverProgram(): Promise<string | undefined> {
  if (goCommand === undefined) return undefined;
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport-tools');
  const folder = join(cache, `otlp-${receiverVersion}`);
  const program = join(folder, 'otlp-collector');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'build-'));
  try {
    copyFileSync(join(repositoryRoot, 'test/support/otlp-collector/main.go'), join(draft, 'main.go'));
    await run(goCommand, ['mod', 'init', 'otlp-collector'], { cwd: draft });
    const modules = ['receiver/otlpreceiver', 'receiver/receivertest', 'component/componenttest'];
    const pinned = modules.map((each) => `go.opentelemetry.io/collector/${each}@${receiverVersion}`);
    await run(goCommand, ['get', ...pinned], { cwd: draft });
    await run(goCommand, ['mod', 'tidy'], { cwd: draft });
    await run(goCommand, ['build', '-o', 'otlp-collector', '.'], { cwd: draft });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}
