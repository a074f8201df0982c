// Why an authority could not validate a hostname, with the cure for each of the kinds it names (RFC 8555 section 6.7).
import type { ChallengeMethod } from '#model/certificates/certificate-record.ts';
import { AcmeError, type AcmeProblem } from './acme-error.ts';

export interface ValidationFailure {
  readonly name: string;
  readonly method: ChallengeMethod;
  readonly problem: AcmeProblem;
  /** The authorization's status, for where there is no problem to read. */
  readonly status: string;
}

/** The error for one hostname. A CAA record is a refusal by the owner's own zone, so another authority may be allowed. */
export function validationFailure(authority: string, failure: ValidationFailure): AcmeError {
  const { name, method, problem, status } = failure;
  const said =
    problem.detail === '' ? `the authorization is ${status}` : problem.detail.replace(/[.\s]+$/, '');
  const sentence = `${authority} could not validate ${name} by ${method}: ${said}; ${cureOf(failure)}.`;
  return new AcmeError(problem.type === 'caa' ? 'authority-refused' : 'validation-failed', sentence, {
    problem,
    failedNames: new Map([[name, said]]),
  });
}

function cureOf({ name, method, problem }: ValidationFailure): string {
  const host = name.replace(/^\*\./, '');
  if (problem.type === 'caa') return `let the CAA record of ${host} allow this authority`;
  if (method === 'dns-01')
    return `check that _acme-challenge.${host} is in the zone that the presenter writes to`;
  const port = method === 'http-01' ? 80 : 443;
  if (problem.type === 'dns') return `check that ${host} has an A or AAAA record that leads to this edge`;
  if (problem.type === 'connection')
    return `check that port ${port} of ${host} is open and leads to this edge`;
  return `check that ${host} leads to this edge and that nothing in front of it answers port ${port} itself`;
}
