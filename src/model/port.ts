// A port as its owner keeps it: a TCP or UDP port of the edge, or a TLS server name, whose bytes go through a tunnel to a
// service at home unopened. Its hostname says which ingress rule of the tunnel serves it; for TLS it is the name that
// clients ask for. One schema for edge.yml, the API, the lab file and the dashboard.
import { z } from 'zod';
import { isAddress, isPrefix } from '#base/net/ip.ts';
import type { PortEntry } from './edge-snapshot.ts';
import { hostnamePatternSchema, idSchema, noteSchema, timeSchema, versionSchema } from './names.ts';

/** What is spoken on a port. `tls`: TLS that the edge passes on without opening it, chosen by server name. */
export const portProtocols = ['tcp', 'udp', 'tls'] as const;
export type PortProtocol = (typeof portProtocols)[number];

/** A week; whoever wants more wants no limit, which is 0. */
const longestIdleSeconds = 604_800;
/** A connection that says nothing for an hour is most likely gone: the interval is half of what firewalls allow. */
const streamIdleSeconds = 3_600;
/** What NAT devices give UDP at least (RFC 4787, REQ-5, asks for two minutes). */
const datagramIdleSeconds = 120;
const mostConnections = 20_000;

const prefixSchema = z
  .string()
  .refine(isPrefix, { error: 'must be an address or a CIDR such as 192.0.2.0/24' });

/** A port's settings, as keys. */
export const portShape = {
  protocol: z.enum(portProtocols).meta({
    description: '`tcp`, `udp`, or `tls`: passed on unopened by server name, so that TLS ends at home.',
  }),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .meta({
      description: 'Port of the edge; for `tls` 0, the default, means its https ports.',
      examples: [5432],
    }),
  address: z
    .string()
    .refine((text) => text === '' || isAddress(text), { error: 'must be an address of this machine' })
    .default('')
    .meta({ description: 'Address to listen on; without one every address.' }),
  hostname: hostnamePatternSchema.meta({
    description:
      "Which ingress rule of the tunnel serves it: the rule's hostname. For `tls` the server name.",
    examples: ['db.example.com'],
  }),
  proxyProtocol: z
    .enum(['off', 'v1', 'v2'])
    .default('off')
    .meta({ description: 'Tells the service who the client is, by a PROXY header before its bytes.' }),
  from: z
    .array(prefixSchema)
    .max(200)
    .default([])
    .meta({ description: 'Addresses and CIDRs that may connect; empty: everybody.' }),
  idleSeconds: z.int().min(0).max(longestIdleSeconds).optional().meta({
    description: 'Silence after which a connection ends, 0 for never; an hour, or two minutes for UDP.',
  }),
  maxConnections: z
    .int()
    .min(1)
    .max(mostConnections)
    .default(1_000)
    .meta({ description: 'Connections (UDP: clients) at once.' }),
  maxPerAddress: z
    .int()
    .min(1)
    .max(mostConnections)
    .default(100)
    .meta({ description: 'Connections (UDP: clients) at once from one address.' }),
};

/** What one key alone cannot show, as a sentence; '' when all is well. */
export function portFault({
  protocol,
  port,
  hostname,
  proxyProtocol,
  idleSeconds,
}: Pick<PortSettings, 'protocol' | 'port' | 'hostname' | 'proxyProtocol' | 'idleSeconds'>): string {
  if (protocol !== 'tls') {
    if (port === 0) return `a ${protocol} port needs its number`;
    if (hostname.startsWith('*.'))
      return `the hostname of a ${protocol} port names one ingress rule and cannot be a wildcard`;
  }
  if (protocol === 'udp') {
    if (proxyProtocol !== 'off') return 'the PROXY protocol is for tcp and tls ports';
    if (idleSeconds === 0) return 'a UDP client never says goodbye, so idleSeconds cannot be 0';
  }
  return '';
}

/** Checks a whole port, for schemas that hold one. */
export function refinePort(port: Parameters<typeof portFault>[0], context: z.RefinementCtx): void {
  const message = portFault(port);
  if (message !== '') context.addIssue({ code: 'custom', message });
}

export const portSchema = z
  .strictObject({
    id: idSchema,
    ...portShape,
    tunnelId: idSchema,
    isEnabled: z.boolean().meta({ description: 'A port that is not enabled is kept, and closed.' }),
    note: noteSchema,
    createdAtMs: timeSchema,
    version: versionSchema,
  })
  .superRefine(refinePort);

export type Port = z.infer<typeof portSchema>;

/** What is said of a port beside where it leads. */
export type PortSettings = Pick<Port, keyof typeof portShape>;

/** How people name a port: `tcp:5432`, `udp:53`, `tls:nas.example.com`, `tls:8443:nas.example.com`. Unique. */
export function portName({ protocol, port, hostname }: Pick<Port, 'protocol' | 'port' | 'hostname'>): string {
  if (protocol !== 'tls') return `${protocol}:${port}`;
  return port === 0 ? `tls:${hostname}` : `tls:${port}:${hostname}`;
}

/** The parts of a port's name; undefined for what is none. */
export function parsePortName(text: string): Pick<Port, 'protocol' | 'port' | 'hostname'> | undefined {
  const [, word, digits, name] = /^([a-z]+):(?:(\d{1,5})(?::(.+))?|(?!\/).+)$/.exec(text) ?? [];
  const protocol = portProtocols.find((each) => each === word);
  const port = Number(digits ?? 0);
  const hostname = name ?? (digits === undefined ? text.slice(text.indexOf(':') + 1) : '');
  const isGood = protocol === 'tls' ? hostname !== '' : port > 0 && port <= 65_535 && hostname === '';
  return protocol !== undefined && isGood ? { protocol, port, hostname } : undefined;
}

/** Only the settings of something that has more. */
export function portSettingsOf(port: PortSettings): PortSettings {
  const { protocol, address, hostname, proxyProtocol, from, idleSeconds, maxConnections, maxPerAddress } =
    port;
  return {
    ...{ protocol, port: port.port, address, hostname, proxyProtocol, from },
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
    ...{ maxConnections, maxPerAddress },
  };
}

/** The settings as people would have written them: without what is the default anyway. */
export function shortPort(
  port: PortSettings,
): Partial<PortSettings> & Pick<PortSettings, 'protocol' | 'hostname'> {
  const { protocol, hostname, ...rest } = portSettingsOf(port);
  const defaults: Partial<PortSettings> = {
    ...{ port: 0, address: '', proxyProtocol: 'off', maxConnections: 1_000, maxPerAddress: 100 },
  };
  const differing = Object.entries(rest).filter(
    ([key, value]) =>
      !(Array.isArray(value) && value.length === 0) && value !== defaults[key as keyof PortSettings],
  );
  return { protocol, ...Object.fromEntries(differing), hostname };
}

/** A port for the snapshot. */
export function portEntryOf(port: PortSettings & { readonly tunnelId: string }): PortEntry {
  const { protocol, address, hostname, tunnelId, proxyProtocol, from, maxConnections, maxPerAddress } = port;
  return {
    name: portName(port),
    ...{ protocol, port: port.port, address, hostname, tunnelId, proxyProtocol, from },
    idleMs: idleMsOf(port),
    ...{ maxConnections, maxPerAddress },
  };
}

/** Silence that ends a connection, in milliseconds; 0 for never. */
function idleMsOf({ protocol, idleSeconds }: Pick<Port, 'protocol' | 'idleSeconds'>): number {
  return 1000 * (idleSeconds ?? (protocol === 'udp' ? datagramIdleSeconds : streamIdleSeconds));
}
