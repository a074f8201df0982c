// The `dns` section of edge.yml: where records are made and kept, and the name server built in. A file of its own because
// each kind of provider has fields of its own, secrets stay in files, and what belongs together is checked here.
import { z } from 'zod';
import { parseAddress } from '#base/net/ip.ts';
import { cidr, duration, hostname, listen, listeners, scalar } from './edge-scalars.ts';

/** Kinds of providers, each with the fields that it needs beyond `name` and `zones`, and those that it may have. */
export const dnsProviderFields = {
  cloudflare: { needs: ['tokenFile'], may: [] },
  hetzner: { needs: ['tokenFile'], may: [] },
  desec: { needs: ['tokenFile'], may: [] },
  digitalocean: { needs: ['tokenFile'], may: [] },
  route53: { needs: ['accessKeyId', 'secretAccessKeyFile'], may: ['sessionTokenFile'] },
  rfc2136: { needs: ['server', 'zones', 'keyName', 'keyFile'], may: ['keyAlgorithm'] },
  webhook: { needs: ['url', 'tokenFile'], may: ['caFile'] },
} as const satisfies Record<string, { readonly needs: readonly string[]; readonly may: readonly string[] }>;

export type DnsProviderType = keyof typeof dnsProviderFields;
const providerTypes = Object.keys(dnsProviderFields) as [DnsProviderType, ...DnsProviderType[]];
const algorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;

const id = (what: string) =>
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, {
    error: `must be ${what} of letters, digits, dots, dashes and underscores`,
  });
const file = (text: string) => z.string().min(1).optional().describe(text);
const address = () => scalar('an IPv4 or IPv6 address', parseAddress);
/** `192.0.2.53`, `ns1.example.com`, with a port if it is not 53; read by dns/client/server-address.ts. */
const server = () =>
  z.string().regex(/^[A-Za-z0-9_.:[\]-]{1,255}$/, {
    error: 'must be an address or hostname, with ":port" if it is not 53',
  });
/** In seconds; resolvers reckon in nothing finer. */
const ttl = () =>
  duration()
    .refine((ms) => ms >= 1000 && ms <= 86_400_000, 'must be from "1s" to "24h"')
    .transform((ms) => Math.round(ms / 1000));

const providerSchema = z.strictObject({
  name: id('a name').describe('What messages call it.'),
  type: z.enum(providerTypes).describe(`One of ${providerTypes.join(', ')}.`),
  zones: z
    .array(hostname())
    .max(1000)
    .default([])
    .describe(
      'Zones that are managed; none named: all that the credentials can change. Needed with rfc2136.',
    ),
  tokenFile: file('File with the API token (cloudflare, hetzner, desec, digitalocean, webhook).'),
  accessKeyId: z.string().min(1).optional().describe('Access key id (route53).'),
  secretAccessKeyFile: file('File with the secret access key (route53).'),
  sessionTokenFile: file('File with the session token of temporary credentials (route53).'),
  server: server().optional().describe('The primary name server, `host` or `host:port` (rfc2136).'),
  keyName: z.string().min(1).max(255).optional().describe('Name of the TSIG key (rfc2136).'),
  keyFile: file('File with the TSIG secret in base64 (rfc2136).'),
  keyAlgorithm: z
    .enum(algorithms)
    .optional()
    .describe('Algorithm of the TSIG key, `hmac-sha256` if absent (rfc2136).'),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('Where your service answers, see docs/dns-webhook.md (webhook).'),
  caFile: file(
    "PEM file of the CA behind your service's certificate, where that is no public one (webhook).",
  ),
  nameServers: z
    .array(server())
    .max(16)
    .default([])
    .describe('Who is asked whether a change has arrived, where that is not who the provider says.'),
});

const recordSchema = z.strictObject({
  name: z.string().max(253).describe('Below the zone; `@` is its top.'),
  type: z
    .string()
    .regex(/^[A-Z0-9]{1,10}$/, { error: 'must be a record type such as "MX"' })
    .describe('`A`, `MX`, `TXT` ...'),
  ttl: ttl().default(3600).describe('How long resolvers may keep it.'),
  values: z
    .array(z.string().min(1))
    .min(1)
    .max(100)
    .describe('Record data as in a master file: `10 mail.example.com.`'),
});

const servedZoneSchema = z.strictObject({
  name: hostname().describe('The zone that is delegated to this edge.'),
  nameServers: z
    .array(hostname())
    .max(16)
    .default([])
    .describe("Names under which its servers are delegated; the edge's `hostname` if none is named."),
  mailbox: hostname()
    .optional()
    .describe('Mailbox for the SOA with a dot for the at sign; `hostmaster.` and the zone if absent.'),
  records: z
    .array(recordSchema)
    .max(10_000)
    .default([])
    .describe('Records beside those of routes, such as MX or the addresses of name servers.'),
});

const serveSchema = z.strictObject({
  listen: listeners()
    .default([{ host: undefined, port: 53 }])
    .describe(
      'Addresses for UDP and TCP. Name addresses where a machine has several: answers leave from the one that was asked.',
    ),
  zones: z.array(servedZoneSchema).min(1).max(1000).describe('Zones it answers for, and nothing else.'),
  keys: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(255).describe('Name of the TSIG key.'),
        algorithm: z.enum(algorithms).default('hmac-sha256').describe('Its algorithm.'),
        secretFile: z.string().min(1).describe('File with its secret in base64.'),
      }),
    )
    .max(100)
    .default([])
    .describe('Keys for secondaries.'),
  secondaries: z
    .array(
      z.strictObject({
        server: server().describe(
          'Where it is told of changes; without a key also the address that may fetch zones.',
        ),
        key: z
          .string()
          .optional()
          .describe('Name of the key that it signs with; absent: its address is enough.'),
        zones: z
          .array(hostname())
          .max(1000)
          .default([])
          .describe('Zones that it may fetch; none named: all.'),
      }),
    )
    .max(100)
    .default([])
    .describe('Servers that fetch zones from this one (AXFR) and are told of changes (NOTIFY).'),
});

/** `dns` in edge.yml; its presence has the edge make records for its hostnames. */
export const dnsSchema = z.strictObject({
  owner: id('an id')
    .optional()
    .describe(
      "This edge's id in ownership markers, see docs/dns-ownership.md; `hostname` if absent. Edges with one id act as one.",
    ),
  addresses: z.array(address()).max(16).default([]).describe('Public addresses of this edge, both families.'),
  alias: z
    .boolean()
    .default(true)
    .describe(
      "Make names aliases (CNAME) of the edge's `hostname` where one may stand; false: every name gets the addresses.",
    ),
  ttl: z
    .strictObject({
      address: ttl().default(60).describe('Of addresses; short, as they change when an edge fails over.'),
      alias: ttl().default(300).describe('Of aliases and markers.'),
    })
    .prefault({})
    .describe('How long resolvers may keep records.'),
  providers: z
    .array(providerSchema)
    .max(100)
    .default([])
    .describe('Who holds the zones. The longest matching zone wins; of two alike, the first.'),
  serve: serveSchema
    .optional()
    .describe('The name server built in, for zones that are delegated to this edge.'),
  externalDns: z
    .strictObject({
      listen: listen()
        .default({ host: '127.0.0.1', port: 8888 })
        .describe('Where it answers; there is no sign-in, so not on a public address.'),
      zones: z
        .array(hostname())
        .min(1)
        .max(1000)
        .describe('Zones that external-dns may change; each must be managed here.'),
      allow: z.array(cidr()).max(1000).default(['127.0.0.0/8', '::1']).describe('Peers that may ask.'),
    })
    .optional()
    .describe("external-dns' webhook provider protocol, for a cluster's records in zones of ours."),
  resolvers: z
    .array(server())
    .max(8)
    .default([])
    .describe("Resolvers that are asked whether a name leads here; this machine's if none is named."),
});

export type DnsConfig = z.output<typeof dnsSchema>;
export type DnsProviderConfig = DnsConfig['providers'][number];

/** The section with every file's path made absolute. */
export function withAbsoluteDnsPaths(dns: DnsConfig, absolute: (path: string) => string): DnsConfig {
  const serve = dns.serve && {
    ...dns.serve,
    keys: dns.serve.keys.map((key) => ({ ...key, secretFile: absolute(key.secretFile) })),
  };
  const providers = dns.providers.map((provider) => {
    const { tokenFile, secretAccessKeyFile, sessionTokenFile, keyFile, caFile } = provider;
    const files = { tokenFile, secretAccessKeyFile, sessionTokenFile, keyFile, caFile };
    const resolved = Object.entries(files).map(([field, path]) => [field, path && absolute(path)]);
    return { ...provider, ...(Object.fromEntries(resolved) as typeof files) };
  });
  return { ...dns, serve, providers };
}

/** A fault that no single value shows, with its path below `dns`. */
interface DnsFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What is missing, too much, or named twice. `hostname`: the edge's own. */
export function dnsFaults(dns: DnsConfig, hostnameOfEdge: string | undefined): DnsFault[] {
  const faults: DnsFault[] = [];
  if (dns.owner === undefined && hostnameOfEdge === undefined) {
    faults.push({ path: [], message: "dns needs an owner; set dns.owner, or the edge's hostname" });
  }
  if (dns.owner === undefined && (hostnameOfEdge?.length ?? 0) > 64) {
    faults.push({ path: [], message: "dns.owner must be set, as the edge's hostname is too long for one" });
  }
  if (dns.addresses.length === 0 && (hostnameOfEdge === undefined || !dns.alias)) {
    faults.push({
      path: [],
      message: 'dns needs dns.addresses, or a hostname of the edge to which names can be aliases',
    });
  }
  if (dns.providers.length === 0 && !dns.serve) {
    faults.push({
      path: [],
      message: 'dns has neither providers nor serve, so there is nothing it could do',
    });
  }
  faults.push(...dns.providers.flatMap((provider, i) => providerFaults(provider, i, dns.providers)));
  faults.push(...(dns.serve ? serveFaults(dns.serve, hostnameOfEdge) : []));
  return faults;
}

function providerFaults(
  provider: DnsProviderConfig,
  i: number,
  all: readonly DnsProviderConfig[],
): DnsFault[] {
  const { needs, may } = dnsProviderFields[provider.type];
  const path = ['providers', i];
  const isSet = (field: string): boolean => {
    const value = provider[field as keyof DnsProviderConfig];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  };
  const fields = new Set(Object.values(dnsProviderFields).flatMap((one) => [...one.needs, ...one.may]));
  const allowed: readonly string[] = ['zones', ...needs, ...may];
  const missing = needs.filter((field) => !isSet(field));
  const excess = [...fields].filter((field) => isSet(field) && !allowed.includes(field));
  const faults = missing.map((field) => ({
    path,
    message: `a provider of type ${provider.type} needs ${field}`,
  }));
  faults.push(
    ...excess.map((field) => ({
      path: [...path, field],
      message: `${field} has no meaning for a provider of type ${provider.type}`,
    })),
  );
  if (provider.name === 'builtin' || all.findIndex(({ name }) => name === provider.name) !== i) {
    faults.push({
      path: [...path, 'name'],
      message: `the provider name ${provider.name} is taken; choose another`,
    });
  }
  return faults;
}

function serveFaults(serve: NonNullable<DnsConfig['serve']>, hostnameOfEdge: string | undefined): DnsFault[] {
  const faults: DnsFault[] = [];
  const keys = new Set(serve.keys.map(({ name }) => name.toLowerCase()));
  for (const [i, { key }] of serve.secondaries.entries()) {
    if (key !== undefined && !keys.has(key.toLowerCase())) {
      faults.push({
        path: ['serve', 'secondaries', i, 'key'],
        message: `no key under serve.keys is called "${key}"`,
      });
    }
  }
  const names = new Set<string>();
  for (const [i, { name, nameServers }] of serve.zones.entries()) {
    const path = ['serve', 'zones', i];
    if (names.has(name)) faults.push({ path, message: `the zone ${name} is listed twice` });
    names.add(name);
    if (nameServers.length === 0 && hostnameOfEdge === undefined) {
      faults.push({ path, message: `the zone ${name} needs nameServers, or the edge a hostname` });
    }
  }
  return faults;
}
