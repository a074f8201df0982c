// The step `dns` of an explanation: what is seen of a hostname at its zone's servers and at a resolver, and what this edge
// knows of its records.
import { isLocalhost } from '#base/net/hostname.ts';
import { explainName } from '#dns/explain-name.ts';
import { lookAtName } from '#dns/name-check.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import type { EdgeInstance } from '../edge-instance.ts';

/** Undefined where there is nothing to be said: no DNS is asked for the name, or the edge does not know where it is. */
export async function explainDns(
  instance: EdgeInstance,
  hostname: string,
  signal: AbortSignal,
): Promise<ExplainStep | undefined> {
  if (isLocalhost(hostname)) return undefined;
  const question = await instance.question(hostname, signal);
  if (!question) return undefined;
  const step = explainName(await lookAtName(question, signal));
  const state = instance.names?.stateOf(hostname);
  // What is known to be wrong says more than what is seen of it.
  if (state?.state === 'conflict' || state?.state === 'failed') {
    const { detail, cure } = state;
    return { ...step, status: 'failed', title: `The DNS of ${hostname} is in trouble`, detail, cure };
  }
  // Records that are kept elsewhere may lead here through somebody else's proxy; that is no fault.
  const isOurs = state !== undefined && state.state !== 'unmanaged';
  if (isOurs || step.status !== 'failed') return step;
  return { ...step, status: 'warning' };
}
