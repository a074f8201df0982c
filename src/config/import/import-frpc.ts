// An frpc.toml as a lab file: its http proxies as routes and rules of one tunnel, its tcp and udp proxies as ports, and https
// proxies as names whose TLS is passed on, as frps passes it on. What frps would have said beside it (subDomainHost) is told
// by a flag.
import { parse } from 'smol-toml';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { parseSize } from '#base/text/size.ts';
import { type DraftRoute, type Imported, LabDraft, patternBelow } from './lab-draft.ts';

const proxySchema = z.looseObject({
  name: z.string(),
  type: z.string(),
  localIP: z.string().default('127.0.0.1'),
  localPort: z.int().optional(),
  remotePort: z.int().min(0).max(65_535).optional(),
  customDomains: z.array(z.string()).default([]),
  subdomain: z.string().optional(),
  locations: z.array(z.string()).default([]),
  hostHeaderRewrite: z.string().optional(),
  httpUser: z.string().optional(),
  httpPassword: z.string().optional(),
  requestHeaders: z.looseObject({ set: z.record(z.string(), z.string()).default({}) }).optional(),
  responseHeaders: z.looseObject({ set: z.record(z.string(), z.string()).default({}) }).optional(),
  transport: z
    .looseObject({ bandwidthLimit: z.string().optional(), proxyProtocolVersion: z.string().optional() })
    .optional(),
  plugin: z
    .looseObject({ type: z.string(), localAddr: z.string().optional(), unixPath: z.string().optional() })
    .optional(),
});
const fileSchema = z.looseObject({ proxies: z.array(proxySchema).max(10_000).default([]) });
type Proxy = z.infer<typeof proxySchema>;

/** Keys of a proxy that are read here. */
const known = new Set(Object.keys(proxySchema.shape));
/** Words about the connection to frps, which have no meaning beside a tunnel's token. */
const aboutConnection = new Set([
  'serverAddr',
  'serverPort',
  'auth',
  'user',
  'transport',
  'log',
  'loginFailExit',
  'webServer',
  'clientID',
]);

export interface FrpcOptions {
  readonly tunnel: string;
  /** What frps has as subDomainHost; '' if it is not known. */
  readonly domain: string;
}

/** @throws SallyportError 'config-invalid' */
export function importFrpc(text: string, source: string, { tunnel, domain }: FrpcOptions): Imported {
  const file = readToml(text, source);
  const draft = new LabDraft();
  const lines = text.split('\n');
  const lineOf = (pattern: RegExp): number => lines.findIndex((each) => pattern.test(each)) + 1;
  for (const key of Object.keys(file)) {
    if (key === 'proxies') continue;
    const why = aboutConnection.has(key)
      ? 'about the connection to frps; the connector is started with the token of its tunnel'
      : 'there is nothing like it here';
    draft.unmapped(lineOf(new RegExp(`^\\s*(\\[+\\s*)?${key}\\b`)), key, why);
  }
  for (const proxy of file.proxies) {
    const line = lineOf(new RegExp(`^\\s*name\\s*=\\s*["']${proxy.name.replace(/\W/g, '\\$&')}["']`));
    readProxy(proxy, { draft, tunnel, domain, line });
  }
  return draft.finish(source);
}

function readToml(text: string, source: string): z.infer<typeof fileSchema> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new SallyportError(
      'config-invalid',
      `${source} is no TOML (${errorText(error).split('\n')[0]}); the INI form of old frp versions is not read.`,
      { cause: error },
    );
  }
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SallyportError('config-invalid', `${source}: ${issue!.path.join('.')} ${issue!.message}.`);
}

interface Place {
  readonly draft: LabDraft;
  readonly tunnel: string;
  readonly domain: string;
  readonly line: number;
}

function readProxy(proxy: Proxy, place: Place): void {
  const { draft, tunnel, domain, line } = place;
  const say = (what: string, why: string): void => draft.unmapped(line, `${proxy.name}: ${what}`, why);
  const isPort = proxy.type === 'tcp' || proxy.type === 'udp';
  const isPassedOn = proxy.type === 'https' && proxy.plugin === undefined;
  if (!isPort && proxy.type !== 'http' && proxy.type !== 'https')
    return say(`type ${proxy.type}`, typeCures[proxy.type] ?? 'there is nothing like it here');
  for (const key of Object.keys(proxy))
    if (!known.has(key)) say(key, keyCures[key] ?? 'there is nothing like it in a route or rule');
  if (isPort || isPassedOn) return readPort(proxy, place, say);
  for (const written of proxy.locations) {
    if (written !== '/')
      say(`location ${written}`, 'frp compares characters, a route whole segments: /app is not /apple');
  }
  const service = serviceOf(proxy);
  if (service === undefined) return say('service', 'it names no port, and no plugin that a rule has');
  const hostnames = hostnamesOf(proxy, domain, say);
  const isGuarded = proxy.httpUser !== undefined || proxy.httpPassword !== undefined;
  if (isGuarded)
    say(
      'httpUser',
      'passwords are not carried over; the route is open to users of this edge only (access: private)',
    );
  if (proxy.type === 'https')
    say(
      'type https',
      "the plugin ends TLS at home; here it ends at the edge, whose certificate visitors see, and the service's own is not checked",
    );
  const shared: Partial<DraftRoute> = { ...(isGuarded ? { access: 'private' } : {}), ...shaping(proxy, say) };
  for (const hostname of hostnames) {
    const paths = proxy.locations.length === 0 ? ['/'] : proxy.locations;
    for (const written of paths.toSorted((a, b) => b.length - a.length)) {
      const path = written.replace(/(?<=.)\/+$/, '');
      draft.route(tunnel, { hostname, path, ...shared }, line);
      const originRequest = {
        ...(proxy.hostHeaderRewrite === undefined ? {} : { httpHostHeader: proxy.hostHeaderRewrite }),
        ...(service.startsWith('https:') ? { noTLSVerify: true } : {}),
      };
      draft.rule(tunnel, {
        hostname,
        path: patternBelow(path),
        service,
        ...(Object.keys(originRequest).length === 0 ? {} : { originRequest }),
      });
    }
  }
}

type Say = (what: string, why: string) => void;

/** Names that visitors ask for. */
function hostnamesOf({ customDomains, subdomain }: Proxy, domain: string, say: Say): string[] {
  if (subdomain !== undefined && domain === '')
    say(`subdomain ${subdomain}`, 'frps knows the domain behind it; name it with --domain');
  const all = [
    ...customDomains,
    ...(subdomain !== undefined && domain !== '' ? [`${subdomain}.${domain}`] : []),
  ];
  return all.filter((hostname) => {
    const isOne = parseHostname(hostname.replace(/^\*\./, '')) !== undefined;
    if (!isOne) say(hostname, 'is no hostname');
    return isOne;
  });
}

/** Bytes that frps passes on as they are: a TCP or UDP port, or the TLS of hostnames. */
function readPort(proxy: Proxy, { draft, tunnel, domain, line }: Place, say: Say): void {
  const { type, localIP, localPort, remotePort = 0, plugin, transport } = proxy;
  if (plugin) return say(`plugin ${plugin.type}`, 'a port leads to a service at home, not to a part of frpc');
  if (localPort === undefined) return say('localPort', 'a port needs the number of the service at home');
  if (transport?.bandwidthLimit !== undefined)
    say(
      `bandwidthLimit ${transport.bandwidthLimit}`,
      'ports are not held to a rate; their connections are limited',
    );
  const scheme = type === 'udp' ? 'udp' : 'tcp';
  const service = `${scheme}://${hostText(localIP)}:${localPort}`;
  const version = transport?.proxyProtocolVersion;
  const proxyProtocol =
    version === 'v1' || version === 'v2' ? ({ proxyProtocol: version } as const) : undefined;
  if (type === 'https') {
    for (const hostname of hostnamesOf(proxy, domain, say))
      draft.port(tunnel, { protocol: 'tls', port: 0, hostname, service, ...proxyProtocol }, line);
    return;
  }
  if (remotePort === 0) return say('remotePort', 'frps chooses one; here a port has its number');
  if (type === 'udp') draft.port(tunnel, { protocol: 'udp', port: remotePort, service }, line);
  else draft.port(tunnel, { protocol: 'tcp', port: remotePort, service, ...proxyProtocol }, line);
}

function hostText(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Kinds of proxies that have no counterpart, and what to do instead. */
const typeCures: Readonly<Record<string, string>> = {
  stcp: 'a service for few is a port that says who may connect (from), or one that is reached over the mesh',
  xtcp: 'a service for few is a port that says who may connect (from), or one that is reached over the mesh',
  sudp: 'a service for few is a port that says who may connect (from), or one that is reached over the mesh',
  tcpmux: 'names are told apart by TLS (a tls port) or HTTP (a route), not by CONNECT',
};

const keyCures: Readonly<Record<string, string>> = {
  loadBalancer: 'run several connectors of the tunnel: they share the requests',
  healthCheck: 'a connector that cannot reach its service is passed over by itself where there are several',
  routeByHTTPUser: 'routes are told by hostname and path',
};

function serviceOf({ type, localIP, localPort, plugin }: Proxy): string | undefined {
  if (plugin) {
    if (plugin.type === 'unix_domain_socket' && plugin.unixPath !== undefined)
      return `unix:${plugin.unixPath}`;
    const scheme = { https2http: 'http', http2http: 'http', https2https: 'https', http2https: 'https' }[
      plugin.type
    ];
    return scheme === undefined || plugin.localAddr === undefined
      ? undefined
      : `${scheme}://${plugin.localAddr}`;
  }
  return localPort === undefined ? undefined : `${type}://${hostText(localIP)}:${localPort}`;
}

function shaping(proxy: Proxy, say: Say): Partial<DraftRoute> {
  const request = settable(proxy.requestHeaders?.set ?? {}, say);
  const response = settable(proxy.responseHeaders?.set ?? {}, say);
  const headers = {
    ...(Object.keys(request).length === 0 ? {} : { request: { set: request } }),
    ...(Object.keys(response).length === 0 ? {} : { response: { set: response } }),
  };
  const limit = proxy.transport?.bandwidthLimit;
  const bytes = limit === undefined ? undefined : parseSize(limit.replace(/^(\d+)([KM])B$/, '$1$2iB'));
  const hasRate = bytes !== undefined && bytes >= 16 * 1024;
  if (limit !== undefined && !hasRate)
    say(`bandwidthLimit ${limit}`, 'is none that a route has: 16KiB a second at least');
  return {
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(hasRate ? { bandwidth: { down: String(bytes), up: String(bytes), per: 'route' as const } } : {}),
  };
}

function settable(set: Readonly<Record<string, string>>, say: Say): Record<string, string> {
  return Object.fromEntries(
    Object.entries(set).filter(([name]) => {
      const isOwn = /^(host|x-forwarded-.*|x-real-ip|connection|content-length)$/i.test(name);
      if (isOwn) say(`header ${name}`, 'the edge sets it itself');
      return !isOwn;
    }),
  );
}
