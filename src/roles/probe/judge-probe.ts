// What one look from outside says about a hostname, in words with the cure. Pure: what is known of the edge is an argument.
import { isNothing } from '#base/net/resolve-name.ts';
import type { MarkVerdict } from '#base/net/probe-mark.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import { certificateCure } from '#control/views/troubles.ts';
import type { ProbeOutcome } from '#model/probes/probe.ts';

export interface ProbeFacts {
  /** What was asked for: of a wildcard, a name below it. */
  readonly hostname: string;
  readonly port: number;
  /** True: the edge itself looked. */
  readonly isFromEdge: boolean;
  /** Public addresses of this edge, as far as they are known. */
  readonly ownAddresses: readonly string[];
  /** Addresses of this machine's interfaces. */
  readonly localAddresses: readonly string[];
  readonly verdict: MarkVerdict;
  readonly nowMs: number;
}

export interface ProbeJudgement {
  readonly outcome: ProbeOutcome;
  readonly sentence: string;
  readonly cure: string;
}

const dayMs = 86_400_000;
/** As certs/certificate-condition.ts has it. */
const soonMs = 14 * dayMs;
const soonPart = 1 / 6;

const elsewhereCure =
  'Point its record at this edge; "sallyport dns check" tells what each name server says. A proxy in front must pass everything on.';
const unseenCure =
  'Open it once from another network, or let the connectors of a tunnel elsewhere look: probe.from in edge.yml.';

/** Judges it. */
export function judgeProbe(look: OutsideLook, facts: ProbeFacts): ProbeJudgement {
  switch (look.stoppedAt) {
    case 'dns':
      return judgeName(look, facts);
    case 'connect':
      return judgeConnect(look, facts);
    case 'tls':
      return judgeTls(look, facts);
    case 'answer':
      return elsewhere(
        `${look.address} has its certificate and does not answer as this edge does: ${look.reason}.`,
      );
    case undefined:
      return judgeAnswer(look, facts);
  }
}

function judgeName({ code, reason }: OutsideLook, { hostname }: ProbeFacts): ProbeJudgement {
  if (isNothing(code))
    return {
      outcome: 'dns',
      sentence: `${hostname} has no address (${code}); nobody finds it.`,
      cure: `Make its record, or add its zone under dns in edge.yml; "sallyport dns check ${hostname}" tells more.`,
    };
  return {
    outcome: 'unseen',
    sentence: `No resolver could be asked for ${hostname} (${reason}).`,
    cure: 'Check the resolvers of this machine (/etc/resolv.conf), or name others under probe.resolvers in edge.yml.',
  };
}

function judgeConnect(look: OutsideLook, facts: ProbeFacts): ProbeJudgement {
  const { address, reason } = look;
  if (!isOurs(look, facts))
    return elsewhere(`It leads to ${address}, which is not this edge, and nothing answers there: ${reason}.`);
  if (mayBeBlind(look, facts)) return unseen(look, facts);
  return {
    outcome: 'refused',
    sentence: `Nothing answers at ${address} port ${facts.port}: ${reason}.`,
    cure: `Let port ${facts.port} through the firewall (and the provider's), and forward it to this edge.`,
  };
}

function judgeTls(look: OutsideLook, facts: ProbeFacts): ProbeJudgement {
  const { address, reason } = look;
  if (!isOurs(look, facts))
    return elsewhere(
      `It leads to ${address}, which is not this edge, and has no certificate for it: ${reason}.`,
    );
  // Where the way back in is a router's, its own page may have answered.
  if (mayBeBlind(look, facts)) return unseen(look, facts);
  return {
    outcome: 'certificate',
    sentence: `Visitors are warned at ${address}: ${reason}.`,
    cure: certificateCure(facts.hostname),
  };
}

function judgeAnswer(look: OutsideLook, facts: ProbeFacts): ProbeJudgement {
  const { address, status, notBeforeMs, notAfterMs } = look;
  if (facts.verdict === 'not-ours')
    return elsewhere(`Something else answers at ${address} (status ${status}), with a certificate for it.`);
  if (facts.verdict === 'wrong-holder')
    return {
      outcome: 'wrong-holder',
      sentence: `An edge of this store answers at ${address}, and has other routes for it than this one.`,
      cure: 'Look whether that edge follows its store, and at the routes in the edge.yml of both.',
    };
  const leftMs = notAfterMs - facts.nowMs;
  if (notAfterMs > 0 && leftMs < Math.min(soonMs, (notAfterMs - notBeforeMs) * soonPart))
    return {
      outcome: 'expiring',
      sentence: `It answers at ${address}; its certificate ends on ${new Date(notAfterMs).toISOString().slice(0, 10)}.`,
      cure: certificateCure(facts.hostname),
    };
  return { outcome: 'ok', sentence: `It answers at ${address}.`, cure: '' };
}

function elsewhere(sentence: string): ProbeJudgement {
  return { outcome: 'elsewhere', sentence, cure: elsewhereCure };
}

function unseen({ address, reason }: OutsideLook, { port }: ProbeFacts): ProbeJudgement {
  const sentence = `The edge cannot reach its own address ${address} port ${port} (${reason}), as behind many routers.`;
  return { outcome: 'unseen', sentence, cure: unseenCure };
}

/** Where it is not known which addresses are ours, any may be. */
function isOurs({ address }: OutsideLook, { ownAddresses, localAddresses }: ProbeFacts): boolean {
  return ownAddresses.length === 0 || ownAddresses.includes(address) || localAddresses.includes(address);
}

/** A router that lets nobody inside reach the public address: what is on this machine itself is seen as it is. */
function mayBeBlind({ address }: OutsideLook, { isFromEdge, localAddresses }: ProbeFacts): boolean {
  return isFromEdge && !localAddresses.includes(address);
}
