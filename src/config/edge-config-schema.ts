// The shape of edge.yml: names, defaults and descriptions, once. Types, messages, docs/edge-config.md and the JSON
// Schema all come from here. Durations are written as in Go ("30s", "1m30s"), sizes as "16KiB" or bytes.
import { z } from 'zod';
import { hstsPolicySchema, routeHstsSchema } from '#model/routes/hsts-policy.ts';
import { balanceSchema } from '#model/routes/balance-policy.ts';
import { redirectsSchema } from '#model/routes/redirect-rule.ts';
import { portShape, refinePort } from '#model/port.ts';
import { accessPolicySchema } from '#model/access/access-policy.ts';
import { routeCacheSchema, routeCompressionSchema, routeStepsShape } from '#model/routes/route-steps.ts';
import { defaultLimits, defaultTimeouts, type EdgeLimits, type EdgeTimeouts } from '#model/edge-snapshot.ts';
import { accessSchema } from './access-schema.ts';
import { acmeSchema } from './acme-schema.ts';
import { forwardAuthSchema } from './forward-auth-schema.ts';
import { dnsSchema } from './dns-schema.ts';
import {
  cidr,
  duration,
  hostname,
  listen,
  listeners,
  pattern,
  publicKey,
  size,
  uuid,
} from './edge-scalars.ts';
import { mailSettingsSchema } from '#model/notifications/mail-settings.ts';
import { mostWorkers } from '#model/workers-setting.ts';
import { probeSchema } from './probe-schema.ts';
import { signInSchema } from './sign-in-schema.ts';
import { tracingSchema } from './tracing-schema.ts';

const tunnelSchema = z.strictObject({
  name: z.string().min(1).max(100).describe('What people call the tunnel; routes may use it.'),
  id: uuid().describe('The UUID that `sallyport tunnel create` printed.'),
  publicKeys: z
    .array(publicKey())
    .min(1)
    .max(2)
    .describe('Public keys a connector may prove; two at once while a key is being rotated.'),
  hostnames: z
    .array(pattern())
    .max(1000)
    .default([])
    .describe("Hostnames that the connector's own ingress rules may claim; each then needs no route here."),
  access: accessPolicySchema
    .optional()
    .describe('Who may pass the hostnames that it claims; without a word here everybody.'),
});

const routeSchema = z.strictObject({
  hostname: pattern().describe('Public hostname, or `*.` and a suffix.'),
  path: z
    .string()
    .startsWith('/', { error: 'must start with "/"' })
    .default('/')
    .describe('Path prefix, by whole segments.'),
  tunnel: z.string().min(1).describe('Name or UUID of a tunnel above.'),
  access: accessPolicySchema
    .optional()
    .describe(
      'Who may pass: `public`, `private` (users of this edge), or rules; without a word here everybody.',
    ),
  ...routeStepsShape,
  cache: routeCacheSchema.prefault({}).describe(routeCacheSchema.description!),
  compression: routeCompressionSchema.prefault({}).describe(routeCompressionSchema.description!),
  redirects: redirectsSchema.default([]).describe(redirectsSchema.description!),
  hsts: routeHstsSchema.optional().describe(routeHstsSchema.description!),
  balance: balanceSchema.optional().describe(balanceSchema.description!),
});

/** Room for stored responses; small servers have little more to give, and pages are small. */
const defaultCacheMemory = '32MiB';
/** A small server's disk has twenty times that. */
const defaultCacheDisk = '1GiB';
/** Cloudflare's limit for its free plans. */
const defaultMaxObject = '512MiB';

const cacheSchema = z.strictObject({
  memory: size().prefault(defaultCacheMemory).describe('Room for stored responses in memory.'),
  disk: z
    .union([z.literal('off'), size()])
    .prefault(defaultCacheDisk)
    .describe('Room on disk, for what memory has none for and for the time after a restart; `off` for none.'),
  dir: z.string().min(1).default('cache').describe('Folder for it; relative ones are in dataDir.'),
  maxObject: size().prefault(defaultMaxObject).describe('Largest response body to store.'),
});

const timeoutsSchema = z.strictObject({
  head: duration()
    .default(defaultTimeouts.headMs)
    .describe('From the first byte to the end of a request head.'),
  bodyIdle: duration()
    .default(defaultTimeouts.bodyIdleMs)
    .describe('A body with no byte in either direction.'),
  keepAlive: duration()
    .default(defaultTimeouts.keepAliveMs)
    .describe('A kept-alive connection between requests.'),
  firstByte: duration()
    .default(defaultTimeouts.firstByteMs)
    .describe('Request sent to first response byte; 0 = no limit.'),
  upgradeIdle: duration()
    .default(defaultTimeouts.upgradeIdleMs)
    .describe('A silent WebSocket; 0 = no limit.'),
  handshake: duration().default(defaultTimeouts.handshakeMs).describe('A TLS handshake.'),
});

const count = (what: number, text: string) => z.int().min(0).default(what).describe(text);

/** The data path's buffers have room for heads of this size. */
const maxHeadBytes = 65_536;

const limitsSchema = z.strictObject({
  headBytes: size()
    .refine((bytes) => bytes <= maxHeadBytes, 'must be at most "64KiB"')
    .default(defaultLimits.headBytes)
    .describe('A request or response head.'),
  headFields: count(defaultLimits.headFields, 'Fields in a head.'),
  targetBytes: size().default(defaultLimits.targetBytes).describe('A request target (path and query).'),
  connections: count(defaultLimits.connections, 'Client connections in all.'),
  connectionsPerAddress: count(defaultLimits.connectionsPerAddress, 'Client connections from one address.'),
  requestsPerConnection: count(
    defaultLimits.requestsPerConnection,
    'Requests on one connection; 0 = no limit.',
  ),
  http2Streams: count(defaultLimits.http2Streams, 'Requests under way on one HTTP/2 connection.'),
});

const expectsWorkers = `must be auto, or a number of processes from 1 to ${mostWorkers}`;

/** edge.yml. */
export const edgeConfigSchema = z.strictObject({
  hostname: hostname().optional().describe("The edge's own name, to which connectors dial."),
  listen: z
    .strictObject({
      https: listeners()
        .default([{ host: undefined, port: 443 }])
        .describe('TLS listeners: sites and tunnels.'),
      http: listeners()
        .default([{ host: undefined, port: 80 }])
        .describe('Plain listeners; they redirect to https.'),
      serveHttp: z
        .boolean()
        .default(false)
        .describe('Serve sites on the plain listeners instead of redirecting; for a balancer that ends TLS.'),
      metrics: listen()
        .optional()
        .describe('Where /metrics, /healthz and /readyz answer, such as `127.0.0.1:9464`; absent = nowhere.'),
    })
    .prefault({})
    .describe('Ports and addresses.'),
  workers: z
    .union([
      z.literal('auto', expectsWorkers),
      z.int().min(1, expectsWorkers).max(mostWorkers, expectsWorkers),
    ])
    .default(1)
    .describe(
      'Processes that share the listeners; `auto`: one for each core, at most one for each 512 MiB of memory, and eight at most.',
    ),
  publicPort: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('The https port clients see, where a port is mapped.'),
  proxyProtocol: z
    .strictObject({
      from: z.array(cidr()).max(1000).describe('Addresses of balancers that must send a PROXY header.'),
    })
    .optional()
    .describe('PROXY protocol v1 and v2 from a balancer in front.'),
  trustedProxies: z
    .array(cidr())
    .max(1000)
    .default([])
    .describe('Proxies in front of the edge whose X-Forwarded-For is believed.'),
  requestIdsFrom: z
    .array(cidr())
    .max(1000)
    .default([])
    .describe(
      'Clients whose own X-Request-Id is kept (8 to 64 letters, digits and `._~=:@-`); all others get one of the edge.',
    ),
  tracing: tracingSchema
    .optional()
    .describe(
      'Distributed tracing: W3C trace context is continued or begun for every request, logged, and passed on; absent = what clients send passes untouched.',
    ),
  dataDir: z.string().min(1).default('/var/lib/sallyport').describe('Where the edge keeps its state.'),
  certificates: z
    .array(
      z.strictObject({
        cert: z.string().min(1).describe('PEM file: the certificate, then its chain.'),
        key: z.string().min(1).describe('PEM file: its private key.'),
      }),
    )
    .max(1000)
    .default([])
    .describe('Certificates from files; they are loaded again when they change.'),
  internalCa: z
    .boolean()
    .default(false)
    .describe('Make certificates of our own for names that no file covers; its root is `ca.pem` in dataDir.'),
  acme: acmeSchema
    .optional()
    .describe(
      "Certificates by ACME for the edge's hostname, every route and every claim that no file covers; setting it means agreeing to the authority's terms.",
    ),
  hsts: z
    .union([z.literal('off'), hstsPolicySchema])
    .default('off')
    .describe(
      'Strict-Transport-Security on answers over https, on every hostname whose route says nothing else; never on plain HTTP, and where an origin sends the field its own stays.',
    ),
  signIn: signInSchema
    .prefault({})
    .describe('Ways to sign in to the dashboard besides password and passkey.'),
  mail: mailSettingsSchema
    .optional()
    .describe('The mail server that takes mails of the edge: sign-in links, for one.'),
  access: accessSchema
    .prefault({})
    .describe('What the edge needs to tell who somebody is, beside the policies of routes.'),
  forwardAuth: forwardAuthSchema
    .optional()
    .describe(
      'Sites that another proxy serves (Caddy, nginx, Traefik), which asks the edge at each request who may pass; docs/forward-auth.md.',
    ),
  store: z
    .string()
    .min(1)
    .default('file')
    .describe(
      'Where tunnels, routes and users are kept: `file` (SQLite in dataDir), a `postgres://` URL, or `off` (only what this file declares; no API, no dashboard).',
    ),
  storeUrlFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the URL of the store, when it has a password in it.'),
  dashboard: z
    .strictObject({
      hostname: hostname().describe(
        'Hostname of the dashboard and the API, such as `sallyport.example.com`.',
      ),
      path: z
        .string()
        .regex(/^\/([a-z0-9._~-]+\/)*[a-z0-9._~-]*$/i, {
          error: 'must be a path such as "/" or "/sallyport"',
        })
        .default('/')
        .describe('Path below which it stands, when something else lives at the root.'),
    })
    .optional()
    .describe('Serves the dashboard and the API; absent = only commands on this machine reach the API.'),
  dns: dnsSchema
    .optional()
    .describe('DNS records for every hostname, made and removed with its route, and a name server built in.'),
  probe: z
    .union([z.literal('off'), probeSchema])
    .prefault({})
    .describe(
      'Looks at every hostname from outside: through a resolver, its public address and TLS; `off` for none.',
    ),
  tunnels: z.array(tunnelSchema).max(10_000).default([]).describe('Tunnels that may connect.'),
  routes: z.array(routeSchema).max(100_000).default([]).describe('Which hostname goes to which tunnel.'),
  ports: z
    .array(
      z
        .strictObject({
          ...portShape,
          tunnel: z.string().min(1).describe('Name or UUID of a tunnel above.'),
        })
        .superRefine(refinePort),
    )
    .max(10_000)
    .default([])
    .describe('TCP and UDP ports, and TLS that is passed on unopened, and which tunnel they go to.'),
  cache: z
    .union([z.literal('off'), cacheSchema])
    .prefault({})
    .describe('The cache that all routes share; `off` for none.'),
  upgrades: z
    .array(z.string().regex(/^[a-z0-9-]+$/, { error: 'must be a lower-case protocol name' }))
    .max(20)
    .default([])
    .describe('Upgrade protocols that pass besides `websocket`.'),
  timeouts: timeoutsSchema.prefault({}).describe('Time limits of the data path.'),
  limits: limitsSchema.prefault({}).describe('Limits on size and number.'),
  accessLog: z
    .string()
    .default('-')
    .describe('File for the access log (JSON lines); `-` is standard output, `off` is none.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .describe('How much is logged.'),
  logFormat: z.enum(['console', 'json']).default('console').describe('How it is logged.'),
});

/** What edge.yml says, defaults filled in, times in milliseconds. */
export type EdgeConfig = z.output<typeof edgeConfigSchema>;

/** The timeouts of a config in the snapshot's words. */
export function timeoutsOf({ timeouts }: EdgeConfig): EdgeTimeouts {
  return {
    headMs: timeouts.head,
    bodyIdleMs: timeouts.bodyIdle,
    keepAliveMs: timeouts.keepAlive,
    firstByteMs: timeouts.firstByte,
    upgradeIdleMs: timeouts.upgradeIdle,
    handshakeMs: timeouts.handshake,
  };
}

/** The limits of a config in the snapshot's words. */
export function limitsOf({ limits }: EdgeConfig): EdgeLimits {
  return limits;
}
