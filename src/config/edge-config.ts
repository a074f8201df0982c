// Reads edge.yml: YAML with positions, checked against the schema, so that every fault names its line and an unknown
// key what was probably meant. Turns it into the snapshot that the edge serves from.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { type AccessPolicy, asksPerson } from '#model/access/access-policy.ts';
import { balanceEntryOf } from '#model/routes/balance-policy.ts';
import { cachePolicyOf } from '#model/routes/cache-policy.ts';
import { compressionPolicyOf } from '#model/routes/compression-policy.ts';
import { hstsValueOf, type RouteHsts } from '#model/routes/hsts-policy.ts';
import { portEntryOf, portName } from '#model/port.ts';
import { redirectsOf } from '#model/routes/redirect-rule.ts';
import { withAbsoluteMailPaths } from '#model/notifications/mail-settings.ts';
import { type Shaping, shapingOf } from '#model/shaping/shaping.ts';
import { defaultRouteSteps, type EdgeSnapshot } from '#model/edge-snapshot.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';
import { withAbsoluteAccessPaths } from './access-schema.ts';
import { forwardAuthFaults } from './forward-auth-schema.ts';
import { acmeFaults } from './acme-schema.ts';
import { dnsFaults, withAbsoluteDnsPaths } from './dns-schema.ts';
import { type EdgeConfig, edgeConfigSchema, limitsOf, timeoutsOf } from './edge-config-schema.ts';
import { closestName } from '#base/text/closest-name.ts';
import { signInFaults } from './sign-in-schema.ts';

/**
 * Reads a file; relative paths in it are taken from its folder.
 * @throws SallyportError 'file-unreadable' or 'config-invalid' with every fault and its line
 */
export function readEdgeConfig(file: string): EdgeConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The edge configuration ${file} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
  return withAbsolutePaths(parseEdgeConfig(text, file), dirname(resolve(file)));
}

/** Reads text; `source` is what messages call it. */
export function parseEdgeConfig(text: string, source: string): EdgeConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const lineOf = (path: readonly PropertyKey[]): number => lines.linePos(offsetOf(document, path)).line;
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      ({ message, pos }) =>
        `line ${lines.linePos(pos[0]).line}: ${message.split('\n')[0]!.replace(/ at line .*/, '')}`,
    );
    throw invalid(source, faults);
  }
  const result = edgeConfigSchema.safeParse(valuesOf(document, source) ?? {});
  if (!result.success)
    throw invalid(
      source,
      plainIssues(result.error.issues).flatMap((issue) => describe(issue, lineOf)),
    );
  const faults = crossCheck(result.data).map(({ path, message }) => `line ${lineOf(path)}: ${message}`);
  if (faults.length > 0) throw invalid(source, faults);
  return result.data;
}

/** Plain values of a document; aliases that multiply beyond reason are refused. */
function valuesOf(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(source, [errorText(error)]);
  }
}

/** What the edge serves from; `version` grows with every change. */
export function snapshotOf(config: EdgeConfig, version: number): EdgeSnapshot {
  const idOf = new Map(config.tunnels.flatMap(({ name, id }) => [[name, id] as const, [id, id] as const]));
  return {
    version,
    tunnels: config.tunnels,
    routes: config.routes.map(
      ({ hostname, path, tunnel, access, cache, compression, redirects, hsts, balance, ...others }) => ({
        hostname,
        path,
        // Routes that are not from a file name their tunnel by its id.
        tunnelId: idOf.get(tunnel) ?? tunnel,
        ...(access === undefined || access === 'public' ? {} : { access }),
        cache: cache === 'off' ? undefined : cachePolicyOf(cache),
        compression: compression === 'off' ? undefined : compressionPolicyOf(compression),
        ...(redirects.length === 0 ? {} : { redirects: redirectsOf(redirects) }),
        ...withHsts(hsts ?? config.hsts),
        ...(balance && { balance: balanceEntryOf(balance, tunnel, (name) => idOf.get(name) ?? name) }),
        ...shapingEntry(shapingOf(others)),
      }),
    ),
    ports: config.ports.map(({ tunnel, ...port }) =>
      portEntryOf({ ...port, tunnelId: idOf.get(tunnel) ?? tunnel }),
    ),
    forwardAuth: config.forwardAuth,
    claimedRoutes: { ...defaultRouteSteps, ...withHsts(config.hsts) },
    trustedProxies: config.trustedProxies,
    requestIdsFrom: config.requestIdsFrom,
    tracing: config.tracing && { ratio: config.tracing.ratio, trustFrom: config.tracing.trustFrom },
    upgrades: config.upgrades,
    timeouts: timeoutsOf(config),
    limits: limitsOf(config),
  };
}

function withHsts(policy: RouteHsts): { readonly hsts?: string } {
  const value = hstsValueOf(policy);
  return value === undefined ? {} : { hsts: value };
}

function shapingEntry(shaping: Shaping | undefined): { readonly shaping?: Shaping } {
  return shaping ? { shaping } : {};
}

/** Every hostname and pattern that the edge may serve under this configuration. */
export function hostnamesOf(config: EdgeConfig): string[] {
  const names = [
    ...config.routes.map(({ hostname }) => hostname),
    ...config.tunnels.flatMap(({ hostnames }) => hostnames),
  ];
  return [...new Set(names)];
}

interface CrossFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What no single value can show: names that must be unique, and names that must exist. */
function crossCheck(config: EdgeConfig): CrossFault[] {
  const faults: CrossFault[] = [];
  const seen = new Set<string>();
  for (const [i, { name, id }] of config.tunnels.entries()) {
    for (const key of [name, id]) {
      if (seen.has(key)) faults.push({ path: ['tunnels', i], message: `the tunnel ${key} is listed twice` });
      seen.add(key);
    }
  }
  const routes = new Set<string>();
  for (const [i, route] of config.routes.entries()) {
    const key = `${route.hostname}${route.path}`;
    if (routes.has(key)) faults.push({ path: ['routes', i], message: `the route ${key} is listed twice` });
    routes.add(key);
    for (const [m, member] of (route.balance?.members ?? []).entries()) {
      if (seen.has(member.tunnel)) continue;
      const path = ['routes', i, 'balance', 'members', m, 'tunnel'];
      faults.push({ path, message: `no tunnel is called "${member.tunnel}"` });
    }
    if (seen.has(route.tunnel)) continue;
    const guess = closestName(route.tunnel, [...seen]);
    const message = `no tunnel is called "${route.tunnel}"${guess ? `; did you mean "${guess}"?` : ''}`;
    faults.push({ path: ['routes', i, 'tunnel'], message });
  }
  faults.push(...portFaults(config, seen), ...accessFaults(config));
  if (config.certificates.length === 0 && !config.internalCa && !config.acme) {
    faults.push({
      path: [],
      message:
        'there is no certificate to show; add acme: {} to get some, list files under certificates, or set internalCa: true',
    });
  }
  if (config.dashboard && config.store === 'off') {
    faults.push({ path: ['dashboard'], message: 'the dashboard needs a store; remove one of the two keys' });
  }
  if (config.storeUrlFile !== undefined && config.store !== 'file') {
    faults.push({ path: ['storeUrlFile'], message: 'store and storeUrlFile both name the store; keep one' });
  }
  for (const { path, message } of config.acme ? acmeFaults(config.acme) : []) {
    faults.push({ path: ['acme', ...path], message });
  }
  for (const { path, message } of signInFaults(config.signIn)) {
    faults.push({ path: ['signIn', ...path], message });
  }
  for (const { path, message } of config.forwardAuth ? forwardAuthFaults(config.forwardAuth) : []) {
    faults.push({ path: ['forwardAuth', ...path], message });
  }
  if (config.forwardAuth && !config.dashboard) {
    faults.push({
      path: ['forwardAuth'],
      message: "proxies ask on the dashboard's hostname, where people sign in, too; add a dashboard",
    });
  }
  for (const { path, message } of config.dns ? dnsFaults(config.dns, config.hostname) : []) {
    faults.push({ path: ['dns', ...path], message });
  }
  return faults;
}

/** Ports that stand in each other's way, or lead nowhere. */
function portFaults({ ports, routes }: EdgeConfig, tunnels: ReadonlySet<string>): CrossFault[] {
  const faults: CrossFault[] = [];
  const names = new Set<string>();
  const numbers = new Map<number, string>();
  const sites = new Set(routes.map(({ hostname }) => hostname));
  for (const [i, port] of ports.entries()) {
    const path = ['ports', i];
    const name = portName(port);
    if (names.has(name)) faults.push({ path, message: `the port ${name} is listed twice` });
    names.add(name);
    if (!tunnels.has(port.tunnel)) {
      const guess = closestName(port.tunnel, [...tunnels]);
      const hint = guess ? `; did you mean "${guess}"?` : '';
      faults.push({ path: [...path, 'tunnel'], message: `no tunnel is called "${port.tunnel}"${hint}` });
    }
    if (port.protocol === 'tls' && port.port === 0 && sites.has(port.hostname)) {
      faults.push({
        path,
        message: `${port.hostname} has a route, whose TLS ends at the edge; keep one of the two`,
      });
    }
    if (port.protocol === 'udp' || port.port === 0) continue;
    const kind = `${port.protocol} ${port.address}`;
    const other = numbers.get(port.port);
    if (other !== undefined && (port.protocol === 'tcp' || other !== kind)) {
      faults.push({
        path,
        message: `port ${port.port} is listed twice; only tls ports with different names share one`,
      });
    }
    numbers.set(port.port, kind);
  }
  return faults;
}

/** Where nobody can sign in, a policy that only people pass would shut everybody out, and its owner would not know why. */
function accessFaults({ routes, tunnels, dashboard }: EdgeConfig): CrossFault[] {
  if (dashboard) return [];
  const faultIn = (list: 'routes' | 'tunnels', access: AccessPolicy | undefined, i: number): CrossFault[] =>
    access === undefined || !asksPerson(access)
      ? []
      : [
          {
            path: [list, i, 'access'],
            message: 'the policy asks people to sign in, which takes a dashboard; add one',
          },
        ];
  return [
    ...routes.flatMap(({ access }, i) => faultIn('routes', access, i)),
    ...tunnels.flatMap(({ access }, i) => faultIn('tunnels', access, i)),
  ];
}

function describe(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const guess = closestName(key, knownKeys(issue.path));
      return `line ${lineOf(path)}: unknown key ${pathText(path)}${guess ? `; did you mean "${guess}"?` : ''}`;
    });
  }
  return [`line ${lineOf(issue.path)}: ${pathText(issue.path)} ${faultText(issue)}`];
}

/** The keys the schema has at a path, for suggestions. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = edgeConfigSchema;
  for (const step of path)
    schema = typeof step === 'number' ? elementOf(schema) : shapeOf(schema)[String(step)];
  return Object.keys(shapeOf(schema));
}

interface SchemaNode {
  readonly shape?: Record<string, unknown>;
  readonly element?: unknown;
  readonly unwrap?: () => unknown;
  /** The forms of a union. */
  readonly options?: readonly unknown[];
}

function bare(schema: unknown): SchemaNode {
  let node = (schema ?? {}) as SchemaNode;
  while (!node.shape && !node.element && node.unwrap) node = node.unwrap() as SchemaNode;
  const forms = node.options?.map((option) => bare(option)) ?? [];
  return forms.find(({ shape, element }) => shape !== undefined || element !== undefined) ?? node;
}

const shapeOf = (schema: unknown): Record<string, unknown> => bare(schema).shape ?? {};
const elementOf = (schema: unknown): unknown => bare(schema).element;

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : (i ? '.' : '') + String(step)))
    .join('');
}

/** Offset of the key at a path, or of the deepest part of the path that the file has. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const step = path[depth - 1];
    const pairs = (parent as { items?: readonly { key?: unknown }[] } | null)?.items ?? [];
    const key = pairs.find((pair) => isNode(pair.key) && pair.key.toJSON() === step)?.key;
    const found: unknown = key ?? (typeof step === 'number' ? pairs[step] : undefined);
    if (isNode(found) && found.range) return found.range[0];
  }
  return 0;
}

function withAbsolutePaths(config: EdgeConfig, folder: string): EdgeConfig {
  const { accessLog, acme, dns, mail, storeUrlFile, tracing } = config;
  return {
    ...config,
    storeUrlFile: storeUrlFile && resolve(folder, storeUrlFile),
    dataDir: resolve(folder, config.dataDir),
    accessLog: accessLog === '-' || accessLog === 'off' ? accessLog : resolve(folder, accessLog),
    certificates: config.certificates.map(({ cert, key }) => ({
      cert: resolve(folder, cert),
      key: resolve(folder, key),
    })),
    acme: acme && {
      ...acme,
      authorities: acme.authorities.map(({ caFile, eab, ...authority }) => ({
        ...authority,
        caFile: caFile && resolve(folder, caFile),
        eab: eab && { ...eab, hmacKeyFile: resolve(folder, eab.hmacKeyFile) },
      })),
    },
    signIn: {
      oidc: config.signIn.oidc.map((issuer) => ({
        ...issuer,
        clientSecretFile: issuer.clientSecretFile && resolve(folder, issuer.clientSecretFile),
      })),
    },
    mail: mail && withAbsoluteMailPaths(mail, (path) => resolve(folder, path)),
    access: withAbsoluteAccessPaths(config.access, (path) => resolve(folder, path)),
    tracing: tracing && {
      ...tracing,
      headersFile: tracing.headersFile && resolve(folder, tracing.headersFile),
    },
    dns: dns && withAbsoluteDnsPaths(dns, (path) => resolve(folder, path)),
  };
}

function invalid(source: string, faults: readonly string[]): SallyportError {
  return new SallyportError(
    'config-invalid',
    `The edge configuration ${source} cannot be used: ${faults.join('; ')}.`,
  );
}
