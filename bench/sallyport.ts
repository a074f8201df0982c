// Our side in the bench, started the way a user starts it. Edge and connector run as two processes on the proxies' core.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, engineOptions, mallocSettings } from '../bundle.ts';
import { freePort } from '../test/support/process.ts';
import { pause, type Program, proxyCore, runPinned, startPinned, waitForPort } from './machine.ts';
import type { Peer } from './peers.ts';

/** How ours is started: the release's files with Node and its options, or a checkout by bin/sallyport. */
export interface Form {
  readonly name: 'release' | 'checkout';
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the release in `folder`, or takes the checkout. */
export async function prepareForm(name: Form['name'], folder: string): Promise<Form> {
  const program = fileURLToPath(new URL('../bin/sallyport', import.meta.url));
  if (name === 'checkout') return { name, command: [program], env: {} };
  const file = await bundle(join(folder, 'release'));
  return { name, command: [process.execPath, ...engineOptions, file], env: mallocSettings };
}

/** The hostname under test; one that resolves everywhere, because wrk must connect to it by name. */
export const benchHostname = 'localhost';

/** The same service, for users only. */
export const guardedHostname = 'guarded.localhost';

/** What `sallyport tunnel create --output json` prints. */
interface CreatedTunnel {
  readonly id: string;
  readonly publicKey: string;
  readonly credentialsFile: string;
}

/** Ours, with what only ours has. */
export interface Sallyport extends Peer {
  readonly dataDir: string;
  /** Stops the connector and starts another; `processes` no longer counts it. */
  restartConnector(): Promise<void>;
  /** Puts other routes (of edge.yml, as YAML) in force, while it runs. */
  configure(routes: string): Promise<void>;
}

/** Whether this checkout has something to measure. */
export function isSallyportThere(): boolean {
  return existsSync(fileURLToPath(new URL('../src/main.ts', import.meta.url)));
}

/** Starts an edge and a connector in front of the bench's origin, with their default settings. */
export async function startSallyport(
  folder: string,
  origin: { port: number; sinkPort: number },
  form: Form,
  workers = 1,
): Promise<Sallyport> {
  const startOurs = (args: readonly string[]): Program => {
    const [command, ...before] = form.command;
    return startPinned(proxyCore, command!, [...before, ...args], form.env);
  };
  const [httpsPort, httpPort] = [await freePort(), await freePort()];
  const dataDir = join(folder, 'sallyport');
  await mkdir(dataDir);
  const tunnel = await createTunnel(dataDir, form);
  const edgeFile = join(folder, 'edge.yml');
  const configOf = (routes: string): string =>
    edgeConfig({ dataDir, tunnel, httpsPort, httpPort, more: `workers: ${workers}\n${routes}` });
  await writeFile(edgeFile, configOf(defaultRoutes));
  const edge = startOurs(['edge', 'run', '--config', edgeFile]);
  await ready(edge, httpsPort, 'the edge');
  const connectorFile = join(folder, 'config.yml');
  await writeFile(connectorFile, connectorConfig(tunnel, origin));
  const start = (): Program =>
    startOurs([
      'tunnel',
      '--config',
      connectorFile,
      '--edge',
      `localhost:${httpsPort}`,
      '--cacert',
      join(dataDir, 'ca.pem'),
      '--metrics',
      '127.0.0.1:0',
      'run',
    ]);
  let connector = start();
  await untilConnected(connector);
  return {
    name: 'sallyport',
    dataDir,
    version: form.name,
    processes: { edge: edge.pid, connector: connector.pid },
    plainPort: httpPort,
    tlsPort: httpsPort,
    accessLog: accessLogOf(dataDir),
    async configure(routes) {
      const said = edge.output().split(configurationSaid).length;
      await writeFile(edgeFile, configOf(routes));
      await untilSaid(edge, said);
    },
    async restartConnector() {
      await connector.stop();
      connector = start();
    },
    async stop() {
      await connector.stop();
      await edge.stop();
    },
  };
}

async function createTunnel(dataDir: string, form: Form): Promise<CreatedTunnel> {
  const file = join(dataDir, 'credentials.json');
  const args = ['tunnel', 'create', 'bench', '--credentials-file', file, '--output', 'json'];
  const [command, ...before] = form.command;
  return JSON.parse(await runPinned(proxyCore, command!, [...before, ...args])) as CreatedTunnel;
}

/** The route under test, with the settings that a route has without a word. */
const defaultRoutes = `routes:
  - hostname: ${benchHostname}
    tunnel: bench
`;

/** What stands beside the route that is compared, with the settings that a route has without a word. */
export const installedPath = '/as-installed';

/**
 * The route that is compared does what other proxies do without a word: it stores nothing and compresses nothing. Beside it is one as
 * users get it.
 */
export const comparedRoutes = `routes:
  - hostname: ${benchHostname}
    tunnel: bench
    cache: off
    compression: off
  - hostname: ${benchHostname}
    path: ${installedPath}
    tunnel: bench
`;

/** A route without a word, and one for users only beside it. */
export const guardedRoutes = `${defaultRoutes}  - hostname: ${guardedHostname}
    tunnel: bench
    access: private
`;

function edgeConfig(options: {
  readonly dataDir: string;
  readonly tunnel: CreatedTunnel;
  readonly httpsPort: number;
  readonly httpPort: number;
  /** Further lines of it. */
  readonly more: string;
}): string {
  const { dataDir, tunnel, httpsPort, httpPort, more } = options;
  return `dataDir: ${dataDir}
hostname: localhost
internalCa: true
listen:
  https: 127.0.0.1:${httpsPort}
  http: 127.0.0.1:${httpPort}
  serveHttp: true
  metrics: 127.0.0.1:0
tunnels:
  - name: bench
    id: ${tunnel.id}
    publicKeys: ["${tunnel.publicKey}"]
dashboard:
  hostname: sallyport.localhost
accessLog: ${accessLogOf(dataDir)}
${more}`;
}

function accessLogOf(dataDir: string): string {
  return join(dataDir, 'access.log');
}

function connectorConfig(tunnel: CreatedTunnel, origin: { port: number; sinkPort: number }): string {
  return `tunnel: ${tunnel.id}
credentials-file: ${tunnel.credentialsFile}
ingress:
  - hostname: ${benchHostname}
    path: ^/socket
    service: http://127.0.0.1:${origin.sinkPort}
  - service: http://127.0.0.1:${origin.port}
`;
}

async function ready(program: Program, port: number, what: string): Promise<void> {
  await Promise.race([
    waitForPort(port, what),
    program.ended.then((code) => {
      throw new Error(`${what} exited ${code}: ${program.output().slice(-2000)}`);
    }),
  ]);
}

async function untilConnected(connector: Program): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((connector.output().match(/Registered tunnel connection/g)?.length ?? 0) >= 4) return;
    await pause(50);
  }
  throw new Error(`the connector did not connect: ${connector.output().slice(-2000)}`);
}

/** What the edge says when a changed edge.yml is in force. */
const configurationSaid = 'The edge configuration was applied';

/** Waits until it has said so once more than it had. */
async function untilSaid(edge: Program, before: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (edge.output().split(configurationSaid).length > before) return;
    await pause(50);
  }
  throw new Error(`the edge did not take the configuration: ${edge.output().slice(-2000)}`);
}
