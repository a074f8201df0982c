// What has gone wrong elsewhere (facts: tunnels.md section 6, row by row, and its closing list): each with the test that fails if
// we repeat it. `here` stands for a test of incidents.test.ts that bears the row's own name; otherwise a file, and words of the
// title of a test in it. What cannot be repeated here, because we have no such thing, says so, and is judged at its nearest place.

/** A test by its file and words of its title. */
export type Judge = 'here' | readonly [file: string, title: string];

export interface Incident {
  readonly id: string;
  readonly rule: string;
  readonly judges: readonly Judge[];
}

const spoofs = 'test/access/spoofed-identity.test.ts';
const games = 'test/access/path-games.conformance.ts';
const readers = 'test/access/readers.test.ts';
const head = 'src/wire/http1-head.test.ts';

export const incidents: readonly Incident[] = [
  {
    id: 'frp CVE-2026-40910',
    rule: 'who is judged by one credential is routed, logged and shown to the origin by the same',
    judges: ['here'],
  },
  { id: 'frp v0.70.1', rule: 'h2c is never passed on as an upgrade', judges: ['here'] },
  {
    id: 'frp misc',
    rule: 'no forwarding field of a stranger is believed, by default; no secret is there from the start',
    judges: ['here', ['test/edge/listeners.test.ts', 'trusted']],
  },
  {
    id: 'Pangolin CVE-2026-3209',
    rule: 'the object that is authorised is the one that is used; no body names another',
    judges: [
      ['test/access/other-objects.test.ts', 'no body or query says whose it is'],
      ['test/control/roles.test.ts', 'nobody below an owner changes one, by id, by name, in any way'],
    ],
  },
  {
    id: 'Pangolin path rules',
    rule: 'one canonical path, linear patterns, a limit of depth that fails closed',
    judges: [
      'here',
      [readers, 'take nothing for a protected path'],
      [games, 'nobody is served what he may not see'],
    ],
  },
  {
    id: 'Pangolin badger',
    rule: 'addresses from the socket alone; pages escape; identity fields stripped whatever the spelling; nothing of a request leaves the edge to be judged',
    judges: ['here', [spoofs, 'in every spelling'], ['test/access/attacks.test.ts', 'pages escape']],
  },
  {
    id: 'Traefik CVE-2024-45410',
    rule: 'Connection takes away nothing that the edge states',
    judges: ['here'],
  },
  {
    id: 'Traefik GHSA-6384-m2mw-rf54',
    rule: 'the whole family of forwarding fields is taken off strangers',
    judges: ['here', [head, 'nothing']],
  },
  {
    id: 'Traefik CVE-2026-33433',
    rule: 'names with underscores are dropped',
    judges: [
      [spoofs, 'in every spelling'],
      [head, 'names with underscores or dots never'],
    ],
  },
  {
    id: 'cloudflared CVE-2020-24356, CVE-2023-1314',
    rule: 'secrets are files of their owner alone; configuration is looked for where only root or the user writes',
    judges: ['here'],
  },
  {
    id: 'cloudflared <2022.4.0',
    rule: 'no token in a log',
    judges: [['test/access/secrets.test.ts', 'no secret']],
  },
  {
    id: 'cloudflared pprof_cmdline',
    rule: 'no debug endpoint beside the metrics',
    judges: [
      ['test/connector/metrics-server.test.ts', 'has no debug endpoints'],
      ['test/access/secrets.test.ts', 'no secret'],
    ],
  },
  {
    id: 'cloudflared 2026.9.2 TUN-10804',
    rule: 'what the policy judged is what the origin is asked for',
    judges: ['here', [games, 'judged by the very path']],
  },
  {
    id: 'cloudflared management diagnostics',
    rule: 'nobody reads logs or profiles from afar; the metrics stand on loopback, without either',
    judges: [['test/access/secrets.test.ts', 'nothing to be had from afar']],
  },
  {
    id: 'chisel CVE-2024-43798',
    rule: 'access that was asked for in vain refuses to start, from every source',
    judges: [['test/access/misspelt-access.test.ts', 'is refused']],
  },
  {
    id: 'zrok CVE-2026-40304',
    rule: 'every verb at what belongs to another is refused',
    judges: [
      ['test/control/roles.test.ts', 'the table has a row for every operation'],
      ['test/control/users.test.ts', "another's key is as good as not there"],
      ['test/control/sign-in.test.ts', 'never those of somebody else'],
    ],
  },
  {
    // The edge serves no folders. What reads files by a name from outside is the dashboard's page and ACME's challenge.
    id: 'zrok GHSA-74m3-9qvm-rp9h',
    rule: 'no path from outside leads to a file that was not meant',
    judges: [['test/access/secrets.test.ts', 'no path leads to a file']],
  },
  {
    id: 'zrok v2.0.1, v2.0.3',
    rule: 'pages escape; nobody is led to an address that a link names; a wrong name looks like a wrong password',
    judges: [
      ['test/access/attacks.test.ts', 'pages escape'],
      ['test/access/sign-in.test.ts', 'no address that somebody made up is followed'],
      ['test/control/sign-in.test.ts', 'unknown name, wrong password, disabled user'],
    ],
  },
  {
    id: 'sish defaults',
    rule: 'no credential stands in an example; each edge makes its own',
    judges: ['here'],
  },
  {
    // There is no self-update. UDP: the name server answers in no more than DNS allows, and not to ANY.
    id: 'NetBird PR#5755, STUN reflection',
    rule: 'no update by itself; no large answer by UDP to whoever asks',
    judges: [['test/dns/name-server.test.ts', 'UDP']],
  },
  {
    id: '@fastify/express CVE-2026-33808, CVE-2026-22037; @fastify/middie CVE-2026-2880',
    rule: 'access is a step of the route that routing found, not a prefix of its own',
    judges: ['here', [games, 'nobody is served what he may not see']],
  },
  { id: 'authentik CVE-2024-47070', rule: 'an address that cannot be read opens nothing', judges: ['here'] },
  {
    id: 'pgAdmin CVE-2026-86863; netclaw SEC-005; ZimaOS CVE-2026-28798',
    rule: 'an origin always learns that somebody from outside asks; PROXY is there for those that read no fields',
    judges: ['here', ['test/connector/streams.test.ts', 'proxyProtocol sends the client address']],
  },
  {
    id: 'gRPC/h2 class',
    rule: 'floods end in a closed connection',
    judges: [
      ['test/h2-attacks.test.ts', 'rapid reset (CVE-2023-44487)'],
      ['test/h2-attacks.test.ts', 'a CONTINUATION flood'],
      ['test/edge/listeners.test.ts', 'one address has so many connections'],
    ],
  },
  {
    id: 'request smuggling class',
    rule: 'what two readers could frame differently is refused; fields of h2 cannot break out of their line',
    judges: [
      'here',
      [spoofs, 'games with HTTP/2'],
      ['test/conformance/h1-differential.test.ts', 'no generated request is framed differently'],
    ],
  },
  {
    id: 'SNI other than Host',
    rule: 'rules are asked at every request, whatever the connection was made for',
    judges: ['here'],
  },
  {
    id: '(a)',
    rule: 'forty spoofed fields',
    judges: [[spoofs, 'more than forty names, each in every spelling, by HTTP/1.1']],
  },
  { id: '(b)', rule: 'the table of paths', judges: ['here', [games, 'the games are worth playing']] },
  { id: '(c)', rule: 'the table of hosts', judges: ['here'] },
  {
    id: '(d)',
    rule: "ids of others' objects in path, body and query",
    judges: [['test/access/other-objects.test.ts', 'no body or query says whose it is']],
  },
  { id: '(e)', rule: 'a token appears nowhere', judges: [['test/access/secrets.test.ts', 'no secret']] },
  {
    id: '(f)',
    rule: 'what is taken back ends live streams within a second',
    judges: [
      ['test/access/sign-in.test.ts', 'ends every site, and what is under way'],
      ['test/faults/credentials.test.ts', 'a revoked key ends live streams within a second'],
    ],
  },
  {
    id: '(g)',
    rule: 'misspelt access refuses to start',
    judges: [['test/access/misspelt-access.test.ts', 'is refused']],
  },
];
