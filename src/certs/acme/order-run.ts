// One order from newOrder to the certificate (RFC 8555 section 7.4): authorizations, challenges put up and taken down,
// finalization, download. Says what happened line by line. Fails with an AcmeError that names the hostnames at fault.
import type { KeyObject } from 'node:crypto';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { ChallengeMethod } from '#model/certificates/certificate-record.ts';
import { writeCertificateRequest } from '../x509-request.ts';
import type { AcmeClient, Located } from './acme-client.ts';
import { AcmeError, isProblem, readProblem } from './acme-error.ts';
import type { AuthorizationResource, ChallengeResource, OrderResource } from './acme-resources.ts';
import { keyAuthorization } from './challenge.ts';
import type { ChallengeBoard, TakeDown } from './challenge-board.ts';
import { validationFailure } from './validation-failure.ts';

export interface OrderRun {
  readonly client: AcmeClient;
  readonly board: ChallengeBoard;
  readonly clock: Clock;
  readonly names: readonly string[];
  readonly method: ChallengeMethod;
  readonly profile: string | undefined;
  /** ARI id of the certificate that this one follows. */
  readonly replaces: string | undefined;
  /** The certificate's own key. */
  readonly key: KeyObject;
  /** An order that was begun before. */
  readonly orderUrl: string | undefined;
  /** Called with the order's URL before anything is spent on it; a rejection ends the run. */
  readonly onOrder: (orderUrl: string) => Promise<void>;
  readonly note: (line: string) => void;
}

/** Authorities that take longer than this have lost the order. */
const orderDeadlineMs = 10 * 60_000;
/** Names of one order that are validated at once: each is dialled several times, and visitors want to be served too. */
const namesAtOnce = 10;
/** Polls without a Retry-After: half a second at first, ten at last. */
const firstPollMs = 500;
const lastPollMs = 10_000;
/** What an authority may ask to wait between two polls. */
const longestPollMs = 60_000;

/** Runs the order; resolves with the certificate and its chain, PEM. */
export async function runOrder(run: OrderRun, signal: AbortSignal): Promise<string> {
  const deadline = new AbortController();
  const timer = run.clock.after(orderDeadlineMs, () => deadline.abort(lateness(run.client.authority)));
  const both = AbortSignal.any([signal, deadline.signal]);
  try {
    let order = await openOrder(run, both);
    if (order.resource.status === 'pending') {
      await authorize(run, order, both);
      order = await settle(
        run,
        () => run.client.order(order.url, both),
        ({ status }) => status !== 'pending',
        both,
      );
    }
    if (order.resource.status === 'ready') {
      run.note('every name is validated; the certificate is asked for');
      order = await run.client.finalize(order, writeCertificateRequest(run.names, run.key), both);
    }
    if (order.resource.status === 'processing') {
      order = await settle(
        run,
        () => run.client.order(order.url, both),
        ({ status }) => status !== 'processing',
        both,
      );
    }
    if (order.resource.status !== 'valid' || order.resource.certificate === undefined) throw lost(run, order);
    const pem = await run.client.certificate(order.resource.certificate, both);
    run.note('the certificate was issued');
    return pem;
  } finally {
    timer.cancel();
  }
}

/** The order begun before, or a new one. An authority that knows the predecessor is replaced already gets no claim of it. */
async function openOrder(run: OrderRun, signal: AbortSignal): Promise<Located<OrderResource>> {
  const { client, names, replaces, note } = run;
  const begun = run.orderUrl === undefined ? undefined : await begunOrder(run, run.orderUrl, signal);
  if (begun) return begun;
  const profile = await offeredProfile(run, signal);
  let order: Located<OrderResource>;
  try {
    order = await client.newOrder({ names, profile, replaces }, signal);
  } catch (error) {
    const isRefused = error instanceof AcmeError && error.code === 'authority-refused';
    if (replaces === undefined || !isRefused) throw error;
    note(`ordered again without naming the certificate it replaces (${error.message})`);
    order = await client.newOrder({ names, profile, replaces: undefined }, signal);
  }
  note(`order ${order.url} at ${client.authority} for ${names.join(', ')}`);
  await run.onOrder(order.url);
  return order;
}

/** The order that was begun before, if the authority still has it and it can lead to a certificate. */
async function begunOrder(
  { client, note }: OrderRun,
  url: string,
  signal: AbortSignal,
): Promise<Located<OrderResource> | undefined> {
  try {
    const order = await client.order(url, signal);
    note(`going on with the order ${url}, which is ${order.resource.status}`);
    return order.resource.status === 'invalid' ? undefined : order;
  } catch (error) {
    if (!isSallyportError(error, 'authority-refused') || isUnknownAccount(error)) throw error;
    note(`${client.authority} does not have the order ${url} any more; a new one is made`);
    return undefined;
  }
}

/** The profile that was asked for, where this authority has it: a fallback may not. */
async function offeredProfile(
  { client, profile, note }: OrderRun,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (profile === undefined) return undefined;
  const offered = Object.keys((await client.directory(signal)).meta?.profiles ?? {});
  if (offered.includes(profile)) return profile;
  note(
    `${client.authority} has no profile "${profile}" (it has ${offered.join(', ') || 'none'}); ordered without`,
  );
  return undefined;
}

/** Validates every name; when some fail, waits for all, so that each failure is known and nothing stays pending. */
async function authorize(run: OrderRun, order: Located<OrderResource>, signal: AbortSignal): Promise<void> {
  const urls = order.resource.authorizations;
  const results: PromiseSettledResult<void>[] = [];
  for (let at = 0; at < urls.length; at += namesAtOnce) {
    const some = urls.slice(at, at + namesAtOnce);
    results.push(...(await Promise.allSettled(some.map((url) => authorizeOne(run, url, signal)))));
  }
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (failures.length === 0) return;
  signal.throwIfAborted();
  const validations = failures.filter(
    (error): error is AcmeError => error instanceof AcmeError && error.code === 'validation-failed',
  );
  if (validations.length < failures.length)
    throw failures.find((error) => !validations.includes(error as AcmeError));
  const problem = validations[0]!.problem;
  throw new AcmeError('validation-failed', validations.map(({ message }) => message).join(' '), {
    ...(problem === undefined ? {} : { problem }),
    failedNames: new Map(validations.flatMap(({ failedNames }) => [...failedNames])),
  });
}

async function authorizeOne(run: OrderRun, url: string, signal: AbortSignal): Promise<void> {
  const { client, board, method, note } = run;
  const { resource } = await client.authorization(url, signal);
  const name = nameOf(resource);
  if (resource.status === 'valid') return note(`${name}: validated before`);
  const challenge = resource.challenges.find(({ type }) => type === method);
  if (resource.status !== 'pending' || challenge?.token === undefined) throw notOffered(run, resource, name);
  const authorization = keyAuthorization(challenge.token, client.thumbprint);
  let takeDown: TakeDown | undefined;
  try {
    takeDown = await putUp(board, { method, name, token: challenge.token, authorization }, signal);
    note(`${name}: ${method} is in place`);
    await client.answerChallenge(challenge.url, signal);
    const ended = await settle(
      run,
      () => client.authorization(url, signal),
      ({ status }) => status !== 'pending',
      signal,
    );
    if (ended.resource.status !== 'valid') throw invalid(run, ended.resource, name);
    note(`${name}: validated`);
  } catch (error) {
    // A pending authorization counts against the account's limits; one that has ended refuses this, which is as well.
    if (!signal.aborted) await client.deactivateAuthorization(url, signal).catch(() => {});
    throw error;
  } finally {
    await takeDown?.();
  }
}

/** A record that cannot be written is this name's failure, not the authority's. */
async function putUp(
  board: ChallengeBoard,
  answer: Parameters<ChallengeBoard['putUp']>[0],
  signal: AbortSignal,
): Promise<TakeDown> {
  try {
    return await board.putUp(answer, signal);
  } catch (error) {
    signal.throwIfAborted();
    const said = `${answer.name}: the answer to ${answer.method} could not be put in place (${errorText(error)})`;
    throw new AcmeError('validation-failed', `${said}.`, {
      failedNames: new Map([[answer.name, said]]),
      cause: error,
    });
  }
}

function invalid(run: OrderRun, authorization: AuthorizationResource, name: string): AcmeError {
  const challenge = authorization.challenges.find(({ error }) => error !== undefined);
  return validationFailure(run.client.authority, {
    name,
    method: run.method,
    problem: readProblem(challenge?.error),
    status: authorization.status,
  });
}

function notOffered(run: OrderRun, { status, challenges }: AuthorizationResource, name: string): AcmeError {
  if (status !== 'pending') {
    return new AcmeError(
      'authority-refused',
      `${run.client.authority} shows ${name} as ${status} from the start.`,
    );
  }
  const types = challenges.map(({ type }: ChallengeResource) => type).join(', ');
  const said = `${run.client.authority} does not offer ${run.method} for ${name}, only ${types || 'nothing'}`;
  return new AcmeError('validation-failed', `${said}; allow another method.`, {
    failedNames: new Map([[name, said]]),
  });
}

function lost(run: OrderRun, { resource }: Located<OrderResource>): AcmeError {
  const problem = readProblem(resource.error);
  const said = problem.detail === '' ? `the order is ${resource.status}` : problem.detail;
  return new AcmeError(
    'authority-refused',
    `${run.client.authority} did not issue the certificate: ${said}.`,
    {
      problem,
      failedNames: problem.subproblems,
    },
  );
}

/** Looks again and again until it `isDone`, as often as the authority likes. */
async function settle<T>(
  { clock }: OrderRun,
  look: () => Promise<Located<T>>,
  isDone: (resource: T) => boolean,
  signal: AbortSignal,
): Promise<Located<T>> {
  let waitMs = firstPollMs;
  let failures = 0;
  for (;;) {
    let askedMs: number | undefined;
    try {
      const located = await look();
      if (isDone(located.resource)) return located;
      askedMs = located.retryAfterMs;
      failures = 0;
    } catch (error) {
      // What was begun is not given up because one answer was lost on the way.
      if (!isSallyportError(error, 'authority-unreachable') || ++failures > maxLostAnswers) throw error;
    }
    await sleep(clock, Math.min(longestPollMs, askedMs ?? waitMs), signal);
    waitMs = Math.min(lastPollMs, waitMs * 1.5);
    signal.throwIfAborted();
  }
}

/** Answers in a row that may be lost while an order is looked at. */
const maxLostAnswers = 5;

/** The name an authorization is for, as it was ordered. */
function nameOf({ identifier, wildcard }: AuthorizationResource): string {
  return wildcard && !identifier.value.startsWith('*.') ? `*.${identifier.value}` : identifier.value;
}

function lateness(authority: string): AcmeError {
  return new AcmeError(
    'authority-unreachable',
    `${authority} did not finish the order within ${orderDeadlineMs / 60_000} minutes; it is asked again later.`,
  );
}

/** Whether a failure says that the authority does not know the account: a test authority that was started afresh, say. */
export function isUnknownAccount(error: unknown): boolean {
  return isProblem(error, 'accountDoesNotExist');
}
