// A Pangolin blueprint as a lab file: its public http resources as routes, raw ones as ports, targets as rules, each site as a
// tunnel. Who
// may pass is carried over where our policies can say it; where they cannot, the route is open to users of this edge only.
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { SallyportError } from '#base/errors.ts';
import { type AccessPolicy, accessPolicySchema } from '#model/access/access-policy.ts';
import type { BalanceSettings } from '#model/routes/balance-policy.ts';
import { type DraftRoute, type Imported, LabDraft } from './lab-draft.ts';
import { placeServices } from './several-services.ts';

const targetSchema = z.looseObject({
  site: z.string().optional(),
  hostname: z.string(),
  port: z.int().optional(),
  method: z.enum(['http', 'https', 'h2c']).default('http'),
  enabled: z.boolean().default(true),
  path: z.string().optional(),
  'path-match': z.enum(['exact', 'prefix', 'regex']).optional(),
  healthcheck: z
    .looseObject({
      enabled: z.boolean().optional(),
      path: z.string().startsWith('/').optional().catch(undefined),
      interval: z.number().min(0.1).max(3_600).optional().catch(undefined),
      timeout: z.number().min(0.1).max(300).optional().catch(undefined),
    })
    .optional(),
});
const resourceSchema = z.looseObject({
  name: z.string().optional(),
  protocol: z.string().optional(),
  mode: z.string().optional(),
  enabled: z.boolean().default(true),
  'full-domain': z.string().optional(),
  'proxy-port': z.int().min(1).max(65_535).optional(),
  'host-header': z.string().optional(),
  'tls-server-name': z.string().optional(),
  headers: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  auth: z.looseObject({}).optional(),
  rules: z.array(z.looseObject({ action: z.string(), match: z.string(), value: z.string() })).default([]),
  targets: z.array(targetSchema).default([]),
});
type Resource = z.infer<typeof resourceSchema>;
const resources = z.record(z.string(), resourceSchema).optional();
const fileSchema = z.looseObject({ 'proxy-resources': resources, 'public-resources': resources });

/** Keys of a resource that are read here, or that are as they are here. */
const known = new Set([...Object.keys(resourceSchema.shape), 'ssl']);

/** @throws SallyportError 'config-invalid' with the line */
export function importPangolin(text: string, source: string, tunnel: string): Imported {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken) {
    const { line } = counter.linePos(broken.pos[0]);
    throw new SallyportError('config-invalid', `${source}, line ${line}: ${broken.message.split('\n')[0]}.`);
  }
  const result = fileSchema.safeParse(document.toJS());
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new SallyportError('config-invalid', `${source}: ${issue!.path.join('.')} ${issue!.message}.`);
  }
  const draft = new LabDraft();
  const lineOf = (...path: string[]): number => {
    const node = document.getIn(path, true);
    return isNode(node) && node.range
      ? Math.max(1, counter.linePos(node.range[0]).line - (path.length > 1 ? 1 : 0))
      : 0;
  };
  for (const [section, list] of Object.entries(result.data)) {
    if (section !== 'proxy-resources' && section !== 'public-resources') {
      draft.unmapped(
        lineOf(section),
        section,
        'only public resources become routes; private ones are reached over the mesh',
      );
      continue;
    }
    for (const [id, resource] of Object.entries((list ?? {}) as Record<string, Resource>))
      readResource(resource, { draft, tunnel, id, line: lineOf(section, id) });
  }
  return draft.finish(source);
}

interface Place {
  readonly draft: LabDraft;
  readonly tunnel: string;
  readonly id: string;
  readonly line: number;
}

function readResource(resource: Resource, place: Place): void {
  const { draft, tunnel, id, line } = place;
  const say = (what: string, why: string): void => draft.unmapped(line, `${id}: ${what}`, why);
  const protocol = resource.mode ?? resource.protocol ?? 'http';
  const hostname = resource['full-domain'];
  const isPort = protocol === 'tcp' || protocol === 'udp';
  if (!isPort && protocol !== 'http' && protocol !== 'https')
    return say(`protocol ${protocol}`, 'there is nothing like it here');
  for (const key of Object.keys(resource))
    if (!known.has(key)) say(key, `there is nothing like it in a ${isPort ? 'port' : 'route'}`);
  if (isPort) return readPort(resource, protocol, place);
  if (hostname === undefined) return say('full-domain', 'a route needs a hostname');
  const access = accessOf(resource, say);
  const headers = requestHeaders(resource, say);
  const route: Partial<DraftRoute> = {
    ...(access === undefined ? {} : { access }),
    ...(resource.enabled ? {} : { isEnabled: false }),
    ...(resource.name === undefined ? {} : { note: resource.name.slice(0, 500) }),
    ...headers,
  };
  const targets = resource.targets.filter(({ enabled }) => enabled);
  const placed = targets.flatMap((target) => {
    const path = pathOf(target, say);
    return path === undefined ? [] : [{ path, target }];
  });
  const paths = [...new Set(placed.map(({ path }) => path))].toSorted((a, b) => b.length - a.length);
  for (const path of paths) {
    const here = placed.filter((each) => each.path === path).map(({ target }) => target);
    for (const target of here)
      for (const key of Object.keys(target))
        if (!(key in targetSchema.shape)) say(key, 'there is nothing like it in a rule');
    const services = here.map(({ site, method, hostname: name, port }) => ({
      tunnel: site ?? tunnel,
      service: `${method}://${name}${port === undefined ? '' : `:${port}`}`,
    }));
    const balanced = placeServices(draft, {
      ...{ hostname, path, services, originRequest: originRequestOf(resource) },
      balance: checkOf(here),
    });
    draft.route(services[0]!.tunnel, { ...route, hostname, path, ...balanced }, line);
  }
  if (paths.length === 0) say('targets', 'there is none that could become a service');
}

/** Where a target stands in its resource; undefined for what no route has. */
function pathOf(
  { path: written = '', 'path-match': match }: Resource['targets'][number],
  say: (what: string, why: string) => void,
): string | undefined {
  const path = written === '' ? '/' : written.replace(/(?<=.)\/+$/, '');
  if (match === 'regex') {
    say(`path ${path}`, 'a route has a prefix; put the pattern into the path of an ingress rule');
    return undefined;
  }
  if (match === 'exact') say(`path ${path}`, 'a route has a prefix: what is below the path leads there, too');
  return path;
}

/** The first health check among targets that share a path, as that of their route. */
function checkOf(targets: readonly Resource['targets'][number][]): Partial<Omit<BalanceSettings, 'members'>> {
  const found = targets.find(({ healthcheck }) => healthcheck !== undefined)?.healthcheck;
  if (!found || found.enabled === false) return {};
  const { path, interval, timeout } = found;
  const check = {
    ...(path === undefined ? {} : { path }),
    ...(interval === undefined ? {} : { everySeconds: interval }),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
  };
  return { check: check as NonNullable<BalanceSettings['check']> };
}

/** A raw resource: its first target behind a port. */
function readPort(
  { name, enabled, auth, rules, targets, 'proxy-port': port }: Resource,
  protocol: 'tcp' | 'udp',
  { draft, tunnel, id, line }: Place,
): void {
  const say = (what: string, why: string): void => draft.unmapped(line, `${id}: ${what}`, why);
  if (port === undefined) return say('proxy-port', 'a port needs its number');
  const [target, ...others] = targets.filter((each) => each.enabled);
  if (target?.port === undefined) return say('targets', 'there is none that could become a service');
  for (const each of others)
    say(
      `${each.hostname}:${each.port ?? ''}`,
      'a port has one service; run several connectors of the tunnel',
    );
  const isGuarded = auth !== undefined || rules.length > 0;
  if (isGuarded)
    say(
      'auth and rules',
      'a port asks nobody to sign in; it stays closed until you say who may connect (from)',
    );
  const service = `${protocol}://${target.hostname}:${target.port}`;
  draft.port(
    target.site ?? tunnel,
    {
      ...{ protocol, port, service },
      ...(enabled && !isGuarded ? {} : { isEnabled: false }),
      ...(name === undefined ? {} : { note: name.slice(0, 500) }),
    },
    line,
  );
}

function originRequestOf(resource: Resource): Readonly<Record<string, unknown>> | undefined {
  const settings = {
    ...(resource['host-header'] === undefined ? {} : { httpHostHeader: resource['host-header'] }),
    ...(resource['tls-server-name'] === undefined ? {} : { originServerName: resource['tls-server-name'] }),
  };
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function requestHeaders(
  { headers }: Resource,
  say: (what: string, why: string) => void,
): Partial<DraftRoute> {
  const own = headers.filter(({ name, value }) => {
    const isTaken = /^(host|x-forwarded-.*|x-real-ip)$/i.test(name) || /[{}]/.test(value);
    if (isTaken) say(`header ${name}`, 'the edge sets it itself, or its value has variables of another kind');
    return !isTaken;
  });
  if (own.length === 0) return {};
  return { headers: { request: { set: Object.fromEntries(own.map(({ name, value }) => [name, value])) } } };
}

/** Rules first, then who signs in; undefined: everybody. */
function accessOf(
  { auth = {}, rules }: Resource,
  say: (what: string, why: string) => void,
): AccessPolicy | undefined {
  const people = [
    ...strings(auth['sso-users']).map((user) => `user:${user.toLowerCase()}`),
    ...strings(auth['whitelist-users']).map((user) => `user:${user.toLowerCase()}`),
    ...strings(auth['sso-roles']).map((role) => `group:${role}`),
  ];
  const secrets = ['pincode', 'password', 'basic-auth'].filter((key) => auth[key] !== undefined);
  for (const secret of secrets)
    say(secret, 'secrets are not carried over; the route asks for a sign-in instead');
  const isGuarded = auth['sso-enabled'] === true || people.length > 0 || secrets.length > 0;
  const list = rules.flatMap((rule) => ruleOf(rule, say));
  if (list.length === 0 && !isGuarded) return undefined;
  // A rule that did not map may have kept somebody out.
  const rest =
    isGuarded || list.length < rules.length ? (people.length > 0 ? people : ['signed-in']) : ['anyone'];
  const policy = accessPolicySchema.safeParse([...list, { allow: rest }]);
  if (policy.success) return policy.data;
  say(
    'auth',
    'names somebody who cannot be named here; the route is open to users of this edge only (access: private)',
  );
  return 'private';
}

function ruleOf(
  { action, match, value }: Resource['rules'][number],
  say: (what: string, why: string) => void,
): object[] {
  const kind = action === 'deny' ? 'deny' : action === 'allow' ? 'allow' : undefined;
  if (kind !== undefined && (match === 'ip' || match === 'cidr')) return [{ [kind]: `ip:${value}` }];
  if (kind !== undefined && match === 'path') {
    const path = `/${value.replace(/^\/+/, '').replace(/\/?\*$/, '')}`;
    if (!path.includes('*')) return [{ [kind]: 'anyone', paths: [path] }];
  }
  say(
    `rule ${action} ${match} ${value}`,
    'there is no such rule here; write it into the access of the route',
  );
  return [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}
