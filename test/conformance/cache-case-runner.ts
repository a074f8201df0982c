// Runs one cache case against a proxy: asks as the case says and checks what comes back and what reached the origin. The
// rules of the checks are the public suite's; how it is done is our own.
import { eventually } from '../support/eventually.ts';
import { type CacheCaseOrigin, type CaseTime, defaultBody } from './cache-case-origin.ts';
import { type CacheCase, type CaseRequest, fieldText, kindOf } from './cache-cases.ts';

/** An answer as the client got it; names lower-case, lines of one name joined. */
export interface CaseAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
  readonly interim: ReadonlyArray<{
    readonly status: number;
    readonly fields: Readonly<Record<string, string>>;
  }>;
}

/** What is asked. */
export interface CaseAsk {
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyArray<readonly [string, string]>;
  readonly body: string | undefined;
}

/** Asks the proxy under test. Rejects when there is no answer. */
export type CaseClient = (ask: CaseAsk) => Promise<CaseAnswer>;

export type CaseVerdict = 'pass' | 'fail' | 'setup' | 'dependency';

export interface CaseResult {
  readonly one: CacheCase;
  verdict: CaseVerdict;
  /** What went wrong. */
  readonly detail: string;
}

export interface CaseRun {
  readonly origin: CacheCaseOrigin;
  readonly client: CaseClient;
  readonly time: CaseTime;
  /** Makes paths of this run unlike those of others. */
  readonly prefix: string;
}

class Mismatch extends Error {
  readonly isSetup: boolean;

  constructor(isSetup: boolean, message: string) {
    super(message);
    this.isSetup = isSetup;
  }
}

/** What the suite calls a pause: three seconds. */
const pauseMs = 3_000;

/** Runs a case. */
export async function runCase(one: CacheCase, run: CaseRun): Promise<CaseResult> {
  const name = `${run.prefix}-${one.id}`;
  run.origin.begin(name, one);
  try {
    await runRequests(one, name, run);
    await checkOrigin(one, name, run);
    return { one, verdict: 'pass', detail: '' };
  } catch (error) {
    const isSetup = error instanceof Mismatch && error.isSetup;
    return { one, verdict: isSetup ? 'setup' : 'fail', detail: (error as Error).message };
  }
}

/** Marks cases whose dependencies failed: what they seem to show may have other reasons. */
export function applyDependencies(results: readonly CaseResult[]): void {
  const byId = new Map(results.map((result) => [result.one.id, result]));
  const isMet = (id: string): boolean => {
    const result = byId.get(id);
    // What is not among the cases at hand cannot be held against the proxy.
    if (!result) return true;
    return result.verdict === 'pass' && (result.one.depends_on ?? []).every(isMet);
  };
  for (const result of results) {
    if (result.verdict !== 'setup' && !(result.one.depends_on ?? []).every(isMet))
      result.verdict = 'dependency';
  }
}

async function runRequests(one: CacheCase, name: string, { client, time }: CaseRun): Promise<void> {
  let serverNowMs = time.wallMs();
  for (const [i, wanted] of one.requests.entries()) {
    const answer = await client(
      askOf(one, { wanted, number: i + 1, name, serverNowMs, wallMs: time.wallMs() }),
    ).catch((error: Error) => {
      throw new Mismatch(wanted.setup === true, `request ${i + 1} got no answer: ${error.message}`);
    });
    checkAnswer(one, wanted, i + 1, answer);
    if (answer.fields['server-now'] !== undefined) serverNowMs = Number(answer.fields['server-now']);
    if (wanted.pause_after) await time.pause(pauseMs);
  }
}

interface Asking {
  readonly wanted: CaseRequest;
  readonly number: number;
  readonly name: string;
  readonly serverNowMs: number;
  readonly wallMs: number;
}

function askOf(one: CacheCase, { wanted, number, name, serverNowMs, wallMs }: Asking): CaseAsk {
  const given = wanted.request_headers ?? [];
  const has = (field: string): boolean => given.some(([key]) => key.toLowerCase() === field);
  const fields: Array<readonly [string, string]> = given.map(([key, value]) => {
    const isMagic = wanted.magic_ims === true && key.toLowerCase() === 'if-modified-since';
    return [key, fieldText(key, value, isMagic ? serverNowMs : wallMs)];
  });
  fields.push(['Test-ID', one.id], ['Req-Num', String(number)]);
  // As the suite does, so that no library in between adds no-cache of its own.
  if (!has('cache-control')) fields.push(['Cache-Control', 'nothing-to-see-here']);
  const file = wanted.filename === undefined ? '' : `/${wanted.filename}`;
  const query = wanted.query_arg === undefined ? '' : `?${wanted.query_arg}`;
  return {
    method: wanted.request_method ?? 'GET',
    target: `/test/${name}${file}${query}`,
    fields,
    body: wanted.request_body,
  };
}

/** Checks one answer; the first thing that is wrong is thrown. */
function checkAnswer(one: CacheCase, wanted: CaseRequest, number: number, answer: CaseAnswer): void {
  const isSetup = (what: string): boolean =>
    wanted.setup === true || wanted.setup_tests?.includes(what) === true;
  const must = (what: string, holds: boolean, message: string): void => {
    if (!holds) throw new Mismatch(isSetup(what), `request ${number}: ${message}`);
  };
  checkStatus(wanted, answer, must);
  checkType(wanted, number, answer, must);
  checkInterim(wanted, answer, must);
  for (const expected of wanted.expected_response_headers ?? []) checkField(expected, answer, must);
  for (const missing of wanted.expected_response_headers_missing ?? []) {
    const [name, value] = typeof missing === 'string' ? [missing, undefined] : missing;
    const got = answer.fields[name.toLowerCase()];
    const isThere = value === undefined ? got !== undefined : got?.includes(value) === true;
    must('expected_response_headers_missing', !isThere, `${name} is there: ${got}`);
  }
  checkBody(one, wanted, answer, must);
}

type Must = (what: string, holds: boolean, message: string) => void;

function checkStatus(wanted: CaseRequest, { status }: CaseAnswer, must: Must): void {
  if (wanted.expected_status === null) return;
  const expected = wanted.expected_status ?? wanted.response_status?.[0];
  if (expected !== undefined)
    must('expected_status', status === expected, `status ${status} instead of ${expected}`);
  else must('expected_status', status !== 999, 'the origin was not asked by the validator it gave');
}

function checkType(wanted: CaseRequest, number: number, { status, fields }: CaseAnswer, must: Must): void {
  const count = Number(fields['server-request-count']);
  if (wanted.expected_type === 'cached') {
    const isStored = (status === 304 && Number.isNaN(count)) || count < number;
    must('expected_type', isStored, 'not from the cache');
  } else if (wanted.expected_type === 'not_cached') {
    must('expected_type', count === number, 'from the cache');
  }
}

function checkInterim(wanted: CaseRequest, { interim }: CaseAnswer, must: Must): void {
  const expected = wanted.expected_interim_responses;
  if (expected === undefined) return;
  must(
    'expected_interim_responses',
    interim.length === expected.length &&
      expected.every(([status, fields = []], i) => {
        const got = interim[i]!;
        return (
          got.status === status && fields.every(([name, value]) => got.fields[name.toLowerCase()] === value)
        );
      }),
    `interim answers ${interim.map(({ status }) => status).join(', ') || 'missing'}`,
  );
}

function checkField(
  expected: string | readonly [string, string | number, number?],
  { fields }: CaseAnswer,
  must: Must,
): void {
  const what = 'expected_response_headers';
  if (typeof expected === 'string')
    return must(what, fields[expected.toLowerCase()] !== undefined, `${expected} is missing`);
  const [name, value, bound] = expected;
  const got = fields[name.toLowerCase()];
  if (value === '>' && bound !== undefined) {
    return must(what, Number(got) > bound, `${name} is ${got}, which is not above ${bound}`);
  }
  const text = fieldText(name, value, Number(fields['server-now']));
  must(what, got === text, `${name} is ${got} instead of ${text}`);
}

function checkBody(one: CacheCase, wanted: CaseRequest, { status, body }: CaseAnswer, must: Must): void {
  if (wanted.expected_response_text !== undefined) {
    if (wanted.expected_response_text === null) return;
    return must(
      'expected_response_text',
      body === wanted.expected_response_text,
      `the body is ${JSON.stringify(body)}`,
    );
  }
  if (wanted.check_body === false || wanted.response_body === null) return;
  if (status === 304 || status === 204 || wanted.request_method === 'HEAD') return;
  if (wanted.expected_status !== undefined && wanted.expected_status !== 200) return;
  const expected = wanted.response_body ?? defaultBody(one);
  must('check_body', body === expected, `the body is ${JSON.stringify(body)}`);
}

/** What must have reached the origin. */
async function checkOrigin(one: CacheCase, name: string, { origin }: CaseRun): Promise<void> {
  for (const [i, wanted] of one.requests.entries()) {
    const number = i + 1;
    const validator = { etag_validated: 'if-none-match', lm_validated: 'if-modified-since' }[
      wanted.expected_type as string
    ];
    const expected = [
      ...(wanted.expected_request_headers ?? []),
      ...(validator === undefined ? [] : [validator]),
    ];
    if (expected.length === 0 && wanted.expected_method === undefined) continue;
    // A question in the background may still be on its way.
    const seen = await eventually(
      'the request',
      () => origin.seen(name).find((each) => each.number === number),
      1_000,
    ).catch(() => undefined);
    const fail = (message: string): Mismatch =>
      new Mismatch(wanted.setup === true, `request ${number} ${message}`);
    if (!seen) throw fail('did not reach the origin');
    if (wanted.expected_method !== undefined && seen.method !== wanted.expected_method)
      throw fail(`reached the origin as ${seen.method}`);
    for (const field of expected) {
      const [key, value] = typeof field === 'string' ? [field, undefined] : field;
      const got = seen.fields.find(([each]) => each.toLowerCase() === key.toLowerCase())?.[1];
      if (got === undefined || (value !== undefined && got !== value))
        throw fail(`reached the origin with ${key}: ${got}`);
    }
  }
}

/** Cases passed, of how many, by kind. */
export function score(
  results: readonly CaseResult[],
): Record<'required' | 'optimal' | 'check', readonly [number, number]> {
  const of = (kind: string): readonly [number, number] => {
    const all = results.filter(({ one }) => kindOf(one) === kind);
    return [all.filter(({ verdict }) => verdict === 'pass').length, all.length];
  };
  return { required: of('required'), optimal: of('optimal'), check: of('check') };
}
