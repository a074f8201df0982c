// Pebble, Let's Encrypt's own test authority, and its challenge test server as the DNS that it asks. Both on loopback, on
// ports of their own; nothing they issue outlives them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWebClient } from '#base/net/web-client.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually } from './eventually.ts';
import { goIsMissing, goTool } from './go-tool.ts';
import { freePort, type RunningProcess, startProcess } from './process.ts';

const module = 'github.com/letsencrypt/pebble/v2/cmd';
const version = 'v2.10.3';

export interface PebbleOptions {
  /** Where it validates HTTP-01 and TLS-ALPN-01. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Its own knobs: PEBBLE_WFE_NONCEREJECT, PEBBLE_VA_SLEEPTIME, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags. */
  readonly args?: readonly string[];
  /** Changes to its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A running authority. */
export interface Pebble {
  /** URL of its directory. */
  readonly directory: string;
  /** PEM file of the CA behind its own server. */
  readonly caFile: string;
  /** PEM of the root that its certificates lead to; another one after each start. */
  root(): Promise<string>;
  /** PEM of what stands at a path of its management port: `/intermediates/0`, `/intermediate-keys/0`. */
  managed(path: string): Promise<string>;
  /** Posts JSON to its management port. */
  manage(path: string, value: object): Promise<void>;
  /** Posts JSON to the DNS server's management port: `/set-txt`, `/add-a`, ... */
  dns(path: string, value: object): Promise<void>;
  /** What it has printed. */
  log(): string;
  /** Stops the authority alone. */
  goAway(): Promise<void>;
  /** Starts it again at the same address; it has forgotten everything. */
  comeBack(): Promise<void>;
  /** Freezes it: it takes connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Whether Pebble can be had; a sentence that says what is missing, or undefined. */
export async function pebbleIsMissing(): Promise<string | undefined> {
  return (await programs()) === undefined ? goIsMissing : undefined;
}

async function programs(): Promise<{ pebble: string; dns: string } | undefined> {
  const pebble = await goTool(`${module}/pebble`, version);
  const dns = await goTool(`${module}/pebble-challtestsrv`, version);
  return pebble && dns ? { pebble, dns } : undefined;
}

/** Starts both and waits until the directory answers. */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const found = await programs();
  if (!found) throw new Error(goIsMissing);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pebble-'));
  const path = (name: string): string => join(folder, name);
  const ca = createCertificate({
    name: 'pebble server CA',
    isCa: true,
    notBefore: far(-1),
    notAfter: far(1),
  });
  const own = createCertificate({
    name: 'pebble',
    names: ['localhost', '127.0.0.1'],
    issuer: ca,
    // Tests set clocks wrong by months.
    notBefore: far(-1),
    notAfter: far(1),
  });
  writeFileSync(path('ca.pem'), ca.cert);
  writeFileSync(path('cert.pem'), own.cert);
  writeFileSync(path('key.pem'), own.key);
  const [acmePort, managementPort, dnsPort, dnsManagementPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const config = {
    listenAddress: `127.0.0.1:${acmePort}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: path('cert.pem'),
    privateKey: path('key.pem'),
    httpPort: options.httpPort,
    tlsPort: options.tlsPort,
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: 'ecdsa',
    profiles: { default: { description: 'ninety days', validityPeriod: 7_776_000 } },
    ...options.config,
  };
  writeFileSync(path('config.json'), JSON.stringify({ pebble: config }));
  const dns = startProcess(found.dns, [
    ...['-dnsserver', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${dnsManagementPort}`],
    ...[
      '-defaultIPv4',
      '127.0.0.1',
      '-defaultIPv6',
      '',
      '-doh',
      '',
      '-http01',
      '',
      '-https01',
      '',
      '-tlsalpn01',
      '',
    ],
  ]);
  const env = {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: '0',
    PEBBLE_AUTHZREUSE: '0',
    ...options.env,
  };
  let authority: RunningProcess | undefined;
  const web = createWebClient({ ca: ca.cert, userAgent: 'sallyport-test' });
  const ask = async (url: string, value?: object): Promise<string> => {
    const request =
      value === undefined
        ? ({ method: 'GET' } as const)
        : ({ method: 'POST', body: JSON.stringify(value) } as const);
    const answer = await web({ url, ...request }, AbortSignal.timeout(10_000));
    if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${answer.body.toString()}`);
    return answer.body.toString();
  };
  const directory = `https://127.0.0.1:${acmePort}/dir`;
  const managed = (at: string): Promise<string> => ask(`https://127.0.0.1:${managementPort}${at}`);
  const start = async (): Promise<void> => {
    const args = [
      ...['-config', path('config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`],
      ...(options.args ?? []),
    ];
    const running = startProcess(found.pebble, args, { env });
    authority = running;
    await eventually('Pebble answers', async () => {
      if (running.exitCode() !== null)
        throw new Error(`Pebble ended: ${running.stdout()} ${running.stderr()}`);
      return ask(directory);
    });
  };
  await start();
  return {
    directory,
    caFile: path('ca.pem'),
    root: () => managed('/roots/0'),
    managed,
    manage: async (at, value) => void (await ask(`https://127.0.0.1:${managementPort}${at}`, value)),
    dns: async (at, value) => void (await ask(`http://127.0.0.1:${dnsManagementPort}${at}`, value)),
    log: () => authority!.stdout(),
    goAway: () => authority!.kill(),
    comeBack: start,
    freeze: () => void authority!.child.kill('SIGSTOP'),
    thaw: () => void authority!.child.kill('SIGCONT'),
    async close() {
      web.close();
      authority?.child.kill('SIGCONT');
      await authority?.kill();
      await dns.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Shows TXT records by the challenge test server, which answers for every zone. */
export function pebblePresenter(
  pebble: Pebble,
  covers: (hostname: string) => boolean = () => true,
): ChallengePresenter {
  return {
    label: 'the test DNS',
    covers,
    presentTxt: (name, value) => pebble.dns('/set-txt', { host: `${name}.`, value }),
    removeTxt: (name) => pebble.dns('/clear-txt', { host: `${name}.` }),
  };
}

function far(years: number): Date {
  return new Date(Date.now() + years * 365 * 86_400_000);
}
