// Setting up an edge: writes edge.yml where there is none, makes the first owner in its store, and looks at what DNS and the
// ports of this machine say. Changes nothing that is there.
import { existsSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { createFile, makeFolder } from '#base/secrets/private-file.ts';
import { systemRandom } from '#base/random.ts';
import type { SetUpEdge, SetUpRequest } from '#cli/runners.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import { readRuleSet } from '#config/rule-set-text.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { WorkersSetting } from '#model/workers-setting.ts';
import { Control } from '#control/control.ts';
import { openSeal } from '#control/seal.ts';
import { signInHandlers } from '#control/sign-in/sign-in.ts';
import { openStore } from '#store/open-store.ts';
import { dashboardUrlOf, storeUrlOf } from '../edge-composition.ts';
import { addressesOf, checkRecords } from '../dns/needed-records.ts';

/** See the head of the file. @throws SallyportError */
export async function setUpEdge(request: SetUpRequest): Promise<SetUpEdge> {
  const isNew = !existsSync(request.configFile);
  if (isNew) writeNew(request);
  const config = readEdgeConfig(request.configFile);
  makeFolder(config.dataDir);
  const dashboardUrl = dashboardUrlOf(config);
  return {
    configFile: request.configFile,
    isNew,
    dashboardUrl,
    signInLink: dashboardUrl === '' ? null : await firstOwnerLink(config, request.owner, dashboardUrl),
    records: await checkRecords(config, request),
    ports: await checkPorts(config),
  };
}

/** Writes edge.yml, and a token that was typed in beside it. */
function writeNew(request: SetUpRequest): void {
  const { configFile, dns } = request;
  const text = edgeYmlText(request);
  if ('token' in dns && 'text' in dns.token)
    createFile(typedTokenFile(configFile, dns.provider), dns.token.text, 0o600);
  createFile(configFile, text, 0o640);
}

function typedTokenFile(configFile: string, provider: string): string {
  return join(dirname(configFile), `${provider}-token`);
}

/** The file as a person would write it. */
function edgeYmlText(request: SetUpRequest): string {
  const { hostname, dashboard, email, certificates, dataDir, httpsPort, httpPort, workers } = request;
  const listen =
    httpsPort === 443 && httpPort === 80
      ? undefined
      : { https: [String(httpsPort)], http: [String(httpPort)] };
  const config = {
    hostname,
    dashboard: { hostname: dashboard },
    dataDir,
    ...(listen ? { listen } : {}),
    ...(certificates === 'internal' ? { internalCa: true } : { acme: email === '' ? {} : { email } }),
    ...dnsSection(request),
  };
  return `# Written by "sallyport edge init"; docs/edge-config.md explains every key. Tunnels, routes and users are kept in the
# data folder and changed in the dashboard, by commands or by "sallyport apply"; what stands here is only changed here.
${stringify(config)}${workersText(workers)}`;
}

function workersText(workers: WorkersSetting): string {
  return `# Processes that share the ports. auto: one for each core, as far as there are 512 MiB of memory for each, eight at most. Each
# beyond the first takes about 47 MB, and one more connection of every connector; 1 for one process (docs/workers.md).
workers: ${workers}
`;
}

function dnsSection({ dns, domain, configFile, addresses: named }: SetUpRequest): { dns?: object } {
  if (dns.provider === 'none') return {};
  const addresses = addressesOf(named);
  if (addresses.length === 0) {
    throw new SallyportError(
      'usage',
      'This machine has no public address of its own, so the records need to be told: --address 203.0.113.7.',
    );
  }
  if (dns.provider === 'serve') {
    const listen = addresses.map((address) => (address.includes(':') ? `[${address}]:53` : `${address}:53`));
    return { dns: { addresses, serve: { listen, zones: [{ name: domain }] } } };
  }
  const tokenFile = resolve('file' in dns.token ? dns.token.file : typedTokenFile(configFile, dns.provider));
  return {
    dns: { addresses, providers: [{ name: dns.provider, type: dns.provider, tokenFile, zones: [domain] }] },
  };
}

/** Makes the first owner in the store of an edge that does not run yet. */
async function firstOwnerLink(
  config: EdgeConfig,
  name: string,
  dashboardUrl: string,
): Promise<string | null> {
  const store = await openStore({
    url: storeUrlOf(config),
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    backupFolder: config.dataDir,
  });
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const control = await Control.open({
    ...parts,
    store,
    declared: { tunnels: [], routes: [] },
    tools: {
      readRules: readRuleSet,
      issueToken: () => {
        throw new Error('no tunnel is made while an edge is set up');
      },
    },
  });
  try {
    const signIn = signInHandlers({
      ...parts,
      control,
      seal: openSeal(join(config.dataDir, 'seal.key'), systemRandom),
      dashboardUrl: () => dashboardUrl,
      edgeName: () => config.hostname ?? '',
    });
    return (await signIn.firstOwnerLink({ name, email: null }))?.link.url ?? null;
  } finally {
    await control.close();
  }
}

async function checkPorts({ listen, dns }: EdgeConfig): Promise<SetUpEdge['ports']> {
  const wanted = [
    ...listen.https.map((at) => ({ ...at, protocol: 'tcp' as const, what: 'sites and tunnels (https)' })),
    ...listen.http.map((at) => ({
      ...at,
      protocol: 'tcp' as const,
      what: 'redirects and certificate checks (http)',
    })),
    ...(dns?.serve?.listen ?? []).flatMap((at) =>
      (['udp', 'tcp'] as const).map((protocol) => ({ ...at, protocol, what: 'names (DNS)' })),
    ),
  ];
  return await Promise.all(
    wanted.map(async ({ host, port, protocol, what }) => {
      const detail = await (protocol === 'tcp' ? tryToListen(host, port) : tryToBind(host, port));
      return { port, protocol, what, isGood: detail === '', detail };
    }),
  );
}

/** '' when the port could be opened, which an edge that runs already prevents. */
function tryToListen(host: string | undefined, port: number): Promise<string> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done(errorText(error)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => server.close(() => done('')));
  });
}

function tryToBind(host: string | undefined, port: number): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket(host?.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      done(errorText(error));
    });
    socket.bind(port, host, () => socket.close(() => done('')));
  });
}
