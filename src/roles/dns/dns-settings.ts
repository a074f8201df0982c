// From the dns section of edge.yml to what the dns room works by: files become their contents, kinds of providers become
// providers, and every fault is a sentence. An empty secret is a fault, not an absent one.
import { readFileSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import { version } from '#base/version.ts';
import { createWebClient, type WebClient } from '#base/net/web-client.ts';
import type { DnsConfig, DnsProviderConfig } from '#config/dns-schema.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { addressesOf, isPublishedAt } from '#dns/client/published.ts';
import { parseServerAddress, type ServerAddress } from '#dns/client/server-address.ts';
import type { LocalZoneConfig } from '#dns/local/local-zones.ts';
import type { RecordTtls } from '#dns/plan/wanted-sets.ts';
import type { ManagedProvider } from '#dns/plan/survey.ts';
import { CloudflareProvider } from '#dns/provider/cloudflare.ts';
import { DesecProvider } from '#dns/provider/desec.ts';
import { DigitalOceanProvider } from '#dns/provider/digitalocean.ts';
import type { DnsProvider } from '#dns/provider/dns-provider.ts';
import { HetznerProvider } from '#dns/provider/hetzner.ts';
import {
  absoluteName,
  type HttpProviderOptions,
  normalName,
  type PublishedCheck,
} from '#dns/provider/http-provider.ts';
import { Rfc2136Provider } from '#dns/provider/rfc2136.ts';
import { Route53Provider } from '#dns/provider/route53.ts';
import { WebhookProvider } from '#dns/provider/webhook.ts';
import type { Secondary } from '#dns/server/transfer-out.ts';
import type { EdgeTarget } from '#model/dns/desired-name.ts';
import { recordSet } from '#model/dns/record-set.ts';
import { defaultAuthorityTimes } from '#model/dns/zone-snapshot.ts';
import { typeNumber } from '#wire/dns-numbers.ts';
import { normalRecordText } from '#wire/dns-record-text.ts';
import type { TsigKey } from '#wire/dns-tsig.ts';

export interface DnsSettingsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** A client that trusts a CA of its own beside the public ones; undefined: only those. */
  readonly webFor?: (ca: string | undefined) => WebClient;
}

/** Providers with the connections that they keep; `close` ends those. */
export interface OpenProviders {
  readonly providers: readonly ManagedProvider[];
  close(): void;
}

/** The providers of edge.yml, in its order. @throws SallyportError */
export function openProviders(dns: DnsConfig, options: DnsSettingsOptions): OpenProviders {
  const clients: { close(): void }[] = [];
  const webFor = (ca: string | undefined): WebClient => {
    if (options.webFor) return options.webFor(ca);
    const client = createWebClient({
      userAgent: `sallyport/${version}`,
      ...(ca === undefined ? {} : { ca }),
    });
    clients.push(client);
    return client;
  };
  const providers = dns.providers.map((config) => ({
    provider: providerOf(config, { ...options, webFor }),
    zones: config.zones,
  }));
  return {
    providers,
    close() {
      for (const client of clients) client.close();
    },
  };
}

/** This edge's id in ownership markers. */
export function ownerOf({ dns, hostname }: EdgeConfig): string {
  return dns?.owner ?? hostname ?? '';
}

/** Where names shall lead. */
export function targetOf({ dns, hostname }: EdgeConfig): EdgeTarget {
  return { addresses: dns?.addresses ?? [], alias: dns?.alias === false ? undefined : hostname };
}

/** TTLs in seconds. */
export function ttlsOf({ ttl }: DnsConfig): RecordTtls {
  return ttl;
}

/** Resolvers of edge.yml, or those given. */
export function resolversOf(
  { resolvers }: Pick<DnsConfig, 'resolvers'>,
  ofMachine: readonly string[],
): ServerAddress[] {
  return (resolvers.length > 0 ? resolvers : ofMachine).flatMap((text) => parseServerAddress(text) ?? []);
}

/** The zones of the built-in server. @throws SallyportError 'config-invalid' naming a record that is none */
export function localZonesOf(
  serve: NonNullable<DnsConfig['serve']>,
  hostnameOfEdge: string | undefined,
): LocalZoneConfig[] {
  return serve.zones.map(({ name: zone, nameServers, mailbox, records }) => {
    const servers = nameServers.length > 0 ? nameServers : [hostnameOfEdge!];
    const fixed = records.map(({ name, type, ttl, values }) => {
      const texts = values.map((value) => fixedValue(zone, { name, type, value }));
      return recordSet(normalName(absoluteName(name, zone)), type, ttl, texts);
    });
    const ns = recordSet(
      zone,
      'NS',
      3600,
      servers.map((server) => `${server}.`),
    );
    return {
      name: zone,
      authority: { primary: servers[0]!, mailbox: mailbox ?? `hostmaster.${zone}`, ...defaultAuthorityTimes },
      fixed: [ns, ...fixed],
    };
  });
}

/** Keys for secondaries. @throws SallyportError 'credentials-invalid' */
export function serverKeysOf(serve: NonNullable<DnsConfig['serve']>): TsigKey[] {
  return serve.keys.map(({ name, algorithm, secretFile }) => ({
    name,
    algorithm,
    secret: tsigSecretIn(secretFile),
  }));
}

/** Secondaries of the built-in server. */
export function secondariesOf(serve: NonNullable<DnsConfig['serve']>): Secondary[] {
  return serve.secondaries.map(({ server, key, zones }) => ({
    server: serverIn(server),
    keyName: key,
    zones,
  }));
}

/** Files whose change means other credentials. */
export function secretFilesOf(dns: DnsConfig): string[] {
  return dns.providers
    .flatMap(({ tokenFile, secretAccessKeyFile, sessionTokenFile, keyFile }) => [
      tokenFile,
      secretAccessKeyFile,
      sessionTokenFile,
      keyFile,
    ])
    .filter((path) => path !== undefined);
}

function providerOf(config: DnsProviderConfig, options: Required<DnsSettingsOptions>): DnsProvider {
  const { clock, random } = options;
  const { name, type } = config;
  if (type === 'rfc2136') {
    return new Rfc2136Provider({
      ...{
        name,
        clock,
        random,
        zones: config.zones,
        nameServers: config.nameServers,
        server: serverIn(config.server!),
      },
      key: {
        name: config.keyName!,
        algorithm: config.keyAlgorithm ?? 'hmac-sha256',
        secret: tsigSecretIn(config.keyFile!),
      },
    });
  }
  const ca = config.caFile === undefined ? undefined : readText(config.caFile, 'CA');
  const common: Omit<HttpProviderOptions, 'token'> = {
    ...{ name, clock, random, web: options.webFor(ca) },
    isPublished: publishedCheck(config, options),
  };
  if (type === 'route53') {
    const { accessKeyId, secretAccessKeyFile, sessionTokenFile } = config;
    const credentials = {
      accessKeyId: accessKeyId!,
      secretAccessKey: secretIn(secretAccessKeyFile!),
      sessionToken: sessionTokenFile === undefined ? '' : secretIn(sessionTokenFile),
    };
    return new Route53Provider({ ...common, credentials });
  }
  const http = { ...common, token: secretIn(config.tokenFile!) };
  switch (type) {
    case 'cloudflare':
      return new CloudflareProvider(http);
    case 'hetzner':
      return new HetznerProvider(http);
    case 'desec':
      return new DesecProvider(http);
    case 'digitalocean':
      return new DigitalOceanProvider(http);
    case 'webhook':
      return new WebhookProvider({ ...http, baseUrl: config.url!.replace(/\/$/, '') });
  }
}

/** Asks the servers that edge.yml names, or those that the provider does. */
function publishedCheck(
  { nameServers }: DnsProviderConfig,
  { clock, random }: DnsSettingsOptions,
): PublishedCheck {
  return async (zone, change, signal) => {
    const servers = await addressesOf(nameServers.length > 0 ? nameServers : zone.nameServers);
    return isPublishedAt(servers, change, { clock, random }, signal);
  };
}

function fixedValue(
  zone: string,
  record: { readonly name: string; readonly type: string; readonly value: string },
): string {
  const { name, type, value } = record;
  const fault = (why: string): SallyportError =>
    new SallyportError(
      'config-invalid',
      `The record ${name} ${type} "${value}" of the zone ${zone} under dns.serve cannot be used: ${why}`,
    );
  if (typeNumber(type) === undefined) throw fault(`the type ${type} is not known.`);
  if (type === 'SOA' || (type === 'NS' && (name === '@' || name === '')))
    throw fault('it is made from nameServers and mailbox.');
  try {
    return normalRecordText(type, value);
  } catch (error) {
    throw fault(errorText(error));
  }
}

function serverIn(text: string): ServerAddress {
  const server = parseServerAddress(text);
  if (server) return server;
  throw new SallyportError(
    'config-invalid',
    `"${text}" under dns is no name server; write an address or a hostname, with ":port" if it is not 53.`,
  );
}

function tsigSecretIn(path: string): Uint8Array {
  const text = secretIn(path);
  const secret = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && secret.length >= 16) return secret;
  throw new SallyportError(
    'credentials-invalid',
    `${path} holds no TSIG secret; put in base64 of at least 16 bytes, as "tsig-keygen" or "keymgr -t" print it, and nothing else.`,
  );
}

/** A secret alone in its file. */
function secretIn(path: string): string {
  const secret = readText(path, 'secret').trim();
  if (secret !== '' && !/\s/.test(secret)) return secret;
  const what = secret === '' ? 'is empty' : 'holds more than one word';
  throw new SallyportError('credentials-invalid', `${path} ${what}; put in the secret, and nothing else.`);
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The ${what} in ${path} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
}
