// Proves that a hostname leads to this edge: at each of its zone's own servers, and at a resolver as clients use one.
// `lookAtName` looks once, for `explain`; `proveName` waits until all agree and says how long each took, for
// `tunnel route dns`.
import { type Clock, sleep } from '#base/clock.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { EdgeTarget } from '#model/dns/desired-name.ts';
import type { DnsMessage } from '#wire/dns-message.ts';
import { decodeName, lowerName } from '#wire/dns-name.ts';
import { rcodeName, rcodes, recordTypes } from '#wire/dns-numbers.ts';
import { ask, type AskOptions } from './client/ask.ts';
import { formatServerAddress, type ServerAddress } from './client/server-address.ts';
import {
  addressesFrom,
  addressesIn,
  askResolvers,
  findZoneServers,
  type ZoneServers,
} from './zone-servers.ts';

export interface NameQuestion {
  /** Of a wildcard, a name below it is asked for. */
  readonly hostname: string;
  readonly target: EdgeTarget;
  readonly resolvers: readonly ServerAddress[];
  /** The zone's own servers, where they are known; else they are looked up. */
  readonly zone?: ZoneServers;
  readonly options: AskOptions;
}

/** What one server says. `right` leads to this edge; `wrong` elsewhere; `missing` nowhere; `silent`: no answer. */
export interface ServerSighting {
  readonly server: string;
  readonly state: 'right' | 'wrong' | 'missing' | 'silent';
  /** Addresses and aliases found, or why there are none. */
  readonly found: string;
}

export interface NameSighting {
  readonly hostname: string;
  /** '' when no zone was found. */
  readonly zone: string;
  readonly servers: readonly ServerSighting[];
  readonly resolver: ServerSighting;
  readonly ms: number;
}

/** Looks once, at the zone and at the resolver. */
export function lookAtName(question: NameQuestion, signal: AbortSignal): Promise<NameSighting> {
  return look(question, { asksResolver: true }, signal);
}

/** Looks once, at the zone alone: a resolver that is asked too early keeps the "no such name" that it finds. */
export function lookAtZone(question: NameQuestion, signal: AbortSignal): Promise<NameSighting> {
  return look(question, { asksResolver: false }, signal);
}

/** When a name was seen where, in seconds from the start; undefined: not in the time there was. */
export interface NameProof {
  readonly isProven: boolean;
  readonly zoneSeconds: number | undefined;
  readonly resolverSeconds: number | undefined;
  /** The last look. */
  readonly sighting: NameSighting;
}

/** Between two looks; a resolver that has kept "no such name" answers with it for a while, whoever asks. */
const firstWaitMs = 200;
const longestWaitMs = 3_000;
const families = [recordTypes.A, recordTypes.AAAA];

/** Looks until zone and resolver agree that the name leads here, or until the time is up. */
export async function proveName(
  question: NameQuestion,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
  signal: AbortSignal,
): Promise<NameProof> {
  const startMs = clock.nowMs();
  const seconds = (): number => Math.round(clock.nowMs() - startMs) / 1000;
  let zoneSeconds: number | undefined;
  // The resolver is not asked before the zone has the record: it would keep the "no such name" that it then finds. Where
  // no server of the zone can be asked it is all there is.
  let asksResolver = false;
  for (let waitMs = firstWaitMs; ;) {
    const sighting = await look(question, { asksResolver }, signal);
    const asksNow =
      !asksResolver && (isRightAtZone(sighting) || sighting.servers.every(({ state }) => state === 'silent'));
    if (isRightAtZone(sighting)) zoneSeconds ??= seconds();
    if (asksNow) {
      asksResolver = true;
      continue;
    }
    const isProven = sighting.resolver.state === 'right';
    if (isProven || clock.nowMs() - startMs + waitMs > withinMs) {
      return { isProven, zoneSeconds, resolverSeconds: isProven ? seconds() : undefined, sighting };
    }
    await sleep(clock, waitMs, signal);
    waitMs = Math.min(longestWaitMs, 2 * waitMs);
  }
}

/** Whether every server of the zone that answers leads here, and at least one does. */
export function isRightAtZone({ servers }: NameSighting): boolean {
  return (
    servers.some(({ state }) => state === 'right') &&
    servers.every(({ state }) => state === 'right' || state === 'silent')
  );
}

async function look(
  question: NameQuestion,
  { asksResolver }: { readonly asksResolver: boolean },
  signal: AbortSignal,
): Promise<NameSighting> {
  const { hostname, options } = question;
  const startMs = options.clock.nowMs();
  const [resolver, { zone, servers }] = await Promise.all([
    asksResolver ? atResolver(question, signal) : silent('none', 'not asked yet'),
    atZoneServers(question, signal),
  ]);
  return { hostname, zone, servers, resolver, ms: Math.round(options.clock.nowMs() - startMs) };
}

async function atResolver(question: NameQuestion, signal: AbortSignal): Promise<ServerSighting> {
  const { resolvers, options, target } = question;
  const server = resolvers[0] ? formatServerAddress(resolvers[0]) : 'none';
  try {
    const name = askedName(question.hostname);
    const answers = await Promise.all(
      families.map((type) => askResolvers(resolvers, { name, type }, options, signal)),
    );
    const isKnown = target.addresses.length > 0 || target.alias === undefined;
    return sightingOf(server, answers, isKnown ? target : await resolved(target, question, signal));
  } catch (error) {
    if (signal.aborted || !isSallyportError(error)) throw error;
    return silent(server, errorText(error));
  }
}

/** A target known only by its name, with the addresses that resolvers have for it. */
async function resolved(
  target: EdgeTarget,
  question: NameQuestion,
  signal: AbortSignal,
): Promise<EdgeTarget> {
  return {
    ...target,
    addresses: await addressesFrom(target.alias!, question.resolvers, question.options, signal),
  };
}

async function atZoneServers(
  question: NameQuestion,
  signal: AbortSignal,
): Promise<{ readonly zone: string; readonly servers: ServerSighting[] }> {
  const { hostname, resolvers, options } = question;
  try {
    const { zone, servers } = question.zone ?? (await findZoneServers(hostname, resolvers, options, signal));
    return { zone, servers: await Promise.all(servers.map((server) => atServer(server, question, signal))) };
  } catch (error) {
    if (signal.aborted || !isSallyportError(error)) throw error;
    return { zone: '', servers: [] };
  }
}

async function atServer(
  server: ServerAddress,
  question: NameQuestion,
  signal: AbortSignal,
): Promise<ServerSighting> {
  const where = formatServerAddress(server);
  try {
    const name = askedName(question.hostname);
    const answers = await Promise.all(
      families.map((type) => ask(server, { name, type }, { ...question.options, tries: 2 }, signal)),
    );
    return sightingOf(where, answers, question.target);
  } catch (error) {
    if (signal.aborted || !isSallyportError(error)) throw error;
    return silent(where, errorText(error));
  }
}

/** Judges the answers for both families. An alias that leaves the zone has no addresses there; its name decides. */
function sightingOf(server: string, answers: readonly DnsMessage[], target: EdgeTarget): ServerSighting {
  const refusal = answers.find(({ rcode }) => rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN);
  if (refusal) return silent(server, rcodeName(refusal.rcode));
  const records = answers.flatMap((answer) => answer.answers);
  const aliases = [
    ...new Set(
      records
        .filter(({ type }) => type === recordTypes.CNAME)
        .map(({ data }) => lowerName(decodeName(data, 0).name)),
    ),
  ];
  const addresses = addressesIn(records);
  const found = [...aliases, ...addresses].join(', ');
  if (found === '') return { server, state: 'missing', found: rcodeName(answers[0]!.rcode) };
  const isAlias = target.alias !== undefined && aliases.includes(target.alias);
  const isHere =
    addresses.length > 0
      ? addresses.every((one) => target.addresses.includes(one)) || (isAlias && target.addresses.length === 0)
      : isAlias;
  return { server, state: isHere ? 'right' : 'wrong', found };
}

function silent(server: string, found: string): ServerSighting {
  return { server, state: 'silent', found };
}

/** Nobody asks for an asterisk: a name below the wildcard stands for all. */
function askedName(hostname: string): string {
  return hostname.startsWith('*.') ? `sallyport-check.${hostname.slice(2)}` : hostname;
}
