// `sallyport tunnel route dns`: makes the route, says so in cloudflared's words, then waits until the hostname is proved to
// work, stage by stage, and tells how long each took or where it stopped.
import type { RouteView } from '#api/routes.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import { type HostnameProof, type ProofStage, proofStages } from '#model/dns/hostname-proof.ts';
import { routeName } from '#model/routes/route.ts';
import { type Command, numberOf } from '../command.ts';
import { paint } from '../paint.ts';
import { argument, edgeCommand, type EdgeSession } from './edge-command.ts';

/** A record that was just written is seen by its servers within seconds, a certificate within a minute or so. */
const defaultWaitMs = 120_000;
/** A connector or an origin that is not there does not come by waiting; a route that was just made is served in a moment. */
const originWaitMs = 10_000;
/** Between two looks, doubled up to the longest. */
const firstPauseMs = 200;
const longestPauseMs = 3_000;

/** A stage with the time it took from the end of the one before. */
interface Proved extends HostnameProof {
  readonly seconds: number;
}

export const tunnelRouteDnsCommand: Command = edgeCommand({
  words: ['tunnel', 'route', 'dns'],
  usage: 'TUNNEL HOSTNAME [flags]',
  summary: 'put a hostname on a tunnel, and prove that it works',
  description: `Makes the route of a hostname to a tunnel, in the words of cloudflared, and waits
until the record is seen by the zone's own servers and by a resolver, the
certificate is shown, and the origin answers, with the seconds each took. A
hostname that leads to another tunnel is left alone, unless --overwrite-dns is
given.`,
  flags: [
    { name: 'overwrite-dns', short: 'f', type: 'boolean', help: 'take a hostname over from another tunnel' },
    {
      name: 'within',
      type: 'duration',
      value: 'DURATION',
      help: 'how long to wait for the proof (default 2m); 0s only makes the route',
    },
  ],
  examples: [
    'sallyport tunnel route dns home blog.example.com',
    'sallyport tunnel route dns home blog.example.com --within 0s',
  ],
  exitCodes: { 1: 'the route could not be made, or the hostname does not work (yet)' },
  maxArgs: 2,
  async run(session) {
    const sentence = 'Name a tunnel and a hostname: sallyport tunnel route dns home blog.example.com.';
    const [tunnel, hostname] = [argument(session, 0, sentence), argument(session, 1, sentence).toLowerCase()];
    const made = await makeRoute(session, tunnel, hostname);
    if (made === undefined) return 1;
    if (!session.isJson) session.print(`${made.words}\n`);
    const waitMs = numberOf(session.input, 'within') ?? defaultWaitMs;
    const proofs = waitMs > 0 ? await prove(session, made.route.hostname, waitMs) : [];
    const works = proofs.at(-1)?.state === 'done';
    if (session.isJson) session.print(`${JSON.stringify({ ...made.route, words: made.words, proofs })}\n`);
    else if (proofs.length > 0) session.print(`\n${verdict(hostname, proofs)}\n`);
    return works || waitMs === 0 ? 0 : 1;
  },
});

/** The route, and what cloudflared says of it; undefined when the hostname is another tunnel's. */
async function makeRoute(
  { api, input, context }: EdgeSession,
  tunnel: string,
  hostname: string,
): Promise<{ readonly route: RouteView; readonly words: string } | undefined> {
  const wanted = await api.getTunnel({ params: { tunnel } });
  const routes = await api.listRoutes({ query: { search: hostname, limit: 500 } });
  const present = routes.items.find((route) => routeName(route) === hostname);
  const id = `tunnelID=${wanted.id}`;
  if (!present) {
    const route = await api.createRoute({ body: { hostname, tunnel: wanted.id } });
    return { route, words: `Added CNAME ${hostname} which will route to this tunnel ${id}` };
  }
  if (present.tunnelId === wanted.id) {
    return { route: present, words: `${hostname} is already configured to route to your tunnel ${id}` };
  }
  if (input.flags.get('overwrite-dns') !== true) {
    context.err(
      `sallyport: ${hostname} leads to the tunnel ${present.tunnelName}; take it over with --overwrite-dns.\n`,
    );
    return undefined;
  }
  const route = await api.updateRoute({ params: { route: present.id }, body: { tunnel: wanted.id } });
  return { route, words: `${hostname} updated to route to your tunnel ${id}` };
}

/** Each stage in its turn, until one stops or the time is up. */
async function prove(session: EdgeSession, hostname: string, waitMs: number): Promise<Proved[]> {
  const proofs: Proved[] = [];
  let leftMs = waitMs;
  for (const stage of proofStages) {
    const proof = await proveStage(session, { hostname, stage }, leftMs);
    proofs.push(proof);
    if (!session.isJson) session.print(`${lineOf(proof, session.context.hasColours)}\n`);
    if (proof.state !== 'done') break;
    leftMs -= proof.seconds * 1000;
  }
  return proofs;
}

async function proveStage(
  { api, context }: EdgeSession,
  body: { readonly hostname: string; readonly stage: ProofStage },
  leftMs: number,
): Promise<Proved> {
  const startMs = performance.now();
  const withinMs = body.stage === 'origin' ? Math.min(leftMs, originWaitMs) : leftMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    const proof = await api.proveHostname({ body }).catch((error: unknown): HostnameProof => {
      if (!isSallyportError(error)) throw error;
      return { stage: body.stage, state: 'stopped', detail: errorText(error), cure: '' };
    });
    const tookMs = performance.now() - startMs;
    if (proof.state !== 'waiting' || tookMs + pauseMs > withinMs) {
      return { ...proof, seconds: Math.round(tookMs / 100) / 10 };
    }
    await context.wait(pauseMs);
  }
}

const stageTitles: Readonly<Record<ProofStage, string>> = {
  record: 'record at the zone',
  resolver: 'record at a resolver',
  certificate: 'certificate',
  origin: 'origin',
};

function lineOf({ stage, state, seconds, detail }: Proved, hasColours: boolean): string {
  const { bad, dim } = paint(hasColours);
  const mark = state === 'done' ? 'ok' : bad(' X');
  return `${mark}  ${stageTitles[stage].padEnd(20)} ${`${seconds.toFixed(1)} s`.padStart(7)}  ${dim(detail)}`;
}

function verdict(hostname: string, proofs: readonly Proved[]): string {
  const last = proofs.at(-1)!;
  const total = proofs.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(1);
  if (last.state === 'done') {
    const unseen = proofs.flatMap(({ cure }) => (cure === '' ? [] : [` ${cure}`]));
    const works = unseen.length === 0 ? 'works' : 'works as far as the edge can see';
    return `https://${hostname} ${works}; that took ${total} s.${unseen.join('')}`;
  }
  const how = last.state === 'stopped' ? 'It stops at' : `After ${total} s it still waits for`;
  const cure = last.cure === '' ? '' : ` ${last.cure}`;
  return `${how} the ${stageTitles[last.stage]}: ${last.detail}${cure}`;
}
