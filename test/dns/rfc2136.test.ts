// The RFC 2136 provider against real name servers: Knot, BIND and PowerDNS pass the suite of all providers.
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { Rfc2136Provider } from '#dns/provider/rfc2136.ts';
import { dnsProviderSuite, type ProviderWorld } from '#testkit/dns-provider-suite.ts';
import type { TsigAlgorithm } from '#wire/dns-tsig.ts';
import { keyName, type NameServerKind, startNameServer } from '../support/dns-servers.ts';

const secret = Buffer.from('the quick brown fox jumps over the lazy dog and back').toString('base64');

async function openWorld(kind: NameServerKind, algorithm: TsigAlgorithm): Promise<ProviderWorld> {
  const server = await startNameServer(kind, { keySecret: secret, algorithm });
  const provider = (text: string): Rfc2136Provider =>
    new Rfc2136Provider({
      ...{ name: kind, clock: systemClock, random: systemRandom, zones: [server.zone], nameServers: [] },
      server: { host: '127.0.0.1', port: server.port },
      key: { name: keyName, algorithm, secret: Buffer.from(text, 'base64') },
    });
  return {
    provider: provider(secret),
    stranger: provider(Buffer.alloc(32, 1).toString('base64')),
    secret: Buffer.alloc(32, 1).toString('base64'),
    zone: server.zone,
    byHand: (name, type, set) => server.byHand(name, type, set),
    close: () => server.close(),
  };
}

dnsProviderSuite('Knot', () => openWorld('knot', 'hmac-sha256'));
dnsProviderSuite('BIND', () => openWorld('bind', 'hmac-sha512'));
dnsProviderSuite('PowerDNS', () => openWorld('powerdns', 'hmac-sha256'));
