// Setting up an edge: writes edge.yml where there is none, makes the first owner in its store, and looks at what DNS and the
// ports of this machine say. Changes nothing that is there.
import { existsSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { cidrSet, privatePrefixes } from '#base/ip.ts';
import { silentLog } from '#base/log.ts';
import { createFile, makeFolder } from '#base/private-file.ts';
import { systemRandom } from '#base/random.ts';
import type { SetUpEdge, SetUpRequest } from '#cli/runners.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import { readRuleSet } from '#config/rule-set-text.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { Control } from '#control/control.ts';
import { openSeal } from '#control/seal.ts';
import { signInHandlers } from '#control/sign-in/sign-in.ts';
import { openStore } from '#store/open-store.ts';
import { dashboardUrlOf, storeUrlOf } from './edge-composition.ts';

/** A resolver that answers at all does so in far less. */
const resolveTimeoutMs = 3_000;

/** See the head of the file. @throws SallyportError */
export async function setUpEdge(request: SetUpRequest): Promise<SetUpEdge> {
  const isNew = !existsSync(request.configFile);
  if (isNew) createFile(request.configFile, edgeYmlText(request), 0o640);
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

/** The file as a person would write it. */
function edgeYmlText(request: SetUpRequest): string {
  const { hostname, dashboard, email, certificates, dataDir, httpsPort, httpPort } = request;
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
  };
  return `# Written by "sallyport edge init"; docs/edge-config.md explains every key. Tunnels, routes and users are kept in the
# data folder and changed in the dashboard, by commands or by "sallyport apply"; what stands here is only changed here.
${stringify(config)}`;
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

async function checkRecords(
  config: EdgeConfig,
  { addresses, domain }: SetUpRequest,
): Promise<SetUpEdge['records']> {
  const wanted = addresses.length > 0 ? addresses : publicAddresses();
  const parent = domain === '' ? commonDomain(config) : domain;
  const names = [
    ...(config.hostname === undefined ? [] : [config.hostname]),
    ...(config.dashboard ? [config.dashboard.hostname] : []),
    ...(parent === '' ? [] : [`*.${parent}`]),
  ];
  return await Promise.all(names.map((name) => checkRecord(name, wanted)));
}

/** The domain of an edge.yml that is there: what the edge and its dashboard are both directly or further below; '' if unclear. */
function commonDomain({ hostname, dashboard }: EdgeConfig): string {
  const parent = dashboard?.hostname.split('.').slice(1).join('.') ?? '';
  return parent !== '' && hostname?.endsWith(`.${parent}`) ? parent : '';
}

async function checkRecord(name: string, wanted: readonly string[]): Promise<SetUpEdge['records'][number]> {
  const resolver = new Resolver({ timeout: resolveTimeoutMs, tries: 1 });
  // A wildcard is asked for by a name that nobody has made.
  const asked = name.replace(/^\*\./, 'sallyport-check.');
  const answers = await Promise.allSettled([resolver.resolve4(asked), resolver.resolve6(asked)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const [failed] = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as unknown] : [],
  );
  const isGood =
    found.length > 0 && (wanted.length === 0 || found.every((address) => wanted.includes(address)));
  const isSix = wanted.length > 0 && wanted.every((address) => address.includes(':'));
  const isFour = wanted.length > 0 && wanted.every((address) => !address.includes(':'));
  return {
    name,
    type: isSix ? 'AAAA' : isFour ? 'A' : 'A/AAAA',
    value: wanted.join(', ') || "this machine's public address",
    isGood,
    found: found.length > 0 ? `found ${found.join(', ')}` : `not found: ${errorText(failed)}`,
  };
}

/** Addresses of this machine's interfaces that the world can reach; none behind a NAT. */
function publicAddresses(): string[] {
  const isPrivate = cidrSet(privatePrefixes);
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !isPrivate.has(address))
    .map(({ address }) => address);
}

async function checkPorts({ listen }: EdgeConfig): Promise<SetUpEdge['ports']> {
  const wanted = [
    ...listen.https.map(({ host, port }) => ({ host, port, what: 'sites and tunnels (https)' })),
    ...listen.http.map(({ host, port }) => ({ host, port, what: 'redirects and certificate checks (http)' })),
  ];
  return await Promise.all(
    wanted.map(async ({ host, port, what }) => {
      const detail = await tryToListen(host, port);
      return { port, protocol: 'tcp' as const, what, isGood: detail === '', detail };
    }),
  );
}

/** '' when the port could be opened, which an edge that runs already prevents. */
function tryToListen(host: string | undefined, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorText(error)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => server.close(() => resolve('')));
  });
}
