// Whether an answer of the origin is kept, and as what: the questions of http/cache asked in order, cheapest first.
import { parseContentRange } from '#http/byte-range.ts';
import { requestSettings, responseSettings } from '#http/cache/cache-rules.ts';
import type { ResponseSettings } from '#http/cache/cache-rules.ts';
import type { FetchTimes } from '#http/cache/freshness.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import type { ResponseFacts } from '#http/cache/response-facts.ts';
import { refusalToStore } from '#http/cache/storable.ts';
import type { StoreRefusal } from '#http/cache/storable.ts';
import type { keptFields } from '#http/cache/stored-fields.ts';
import { isVariableBy, variantKey, varyLimits } from '#http/cache/vary.ts';
import type { BodyKind, Fields, ResponseHead } from '#http/exchange.ts';
import { clientControl } from './question.ts';
import type { Question } from './question.ts';

/** What is known of an answer that may be kept. */
export interface Keepable {
  readonly facts: ResponseFacts;
  readonly settings: ResponseSettings;
  readonly variant: string;
  /** Of the body, -1: unknown. */
  readonly length: number;
  readonly part: { readonly first: number; readonly total: number } | undefined;
}

export interface JudgeOptions {
  /** As the body of a GET comes; for a HEAD as it would come. */
  readonly bodyKind: BodyKind;
  readonly times: FetchTimes;
  /** Largest body that the cache keeps. */
  readonly maxObjectBytes: number;
}

/** What is kept of an answer, or why it is not. */
export function judgeAnswer(
  question: Question,
  head: ResponseHead,
  options: JudgeOptions,
): Keepable | StoreRefusal {
  const { policy, rules, request } = question;
  const { wallMs } = options.times;
  const quick = refusedAtOnce(question, head);
  if (quick !== '') return quick;
  const facts = readResponseFacts(head.status, head.fields, wallMs);
  const settings = responseSettings(policy, rules, facts);
  const isNoStore = clientControl(request).noStore;
  const { path, fields } = request;
  const { keyHeaders } = requestSettings(policy, rules);
  const asked = { method: 'GET', path, fields, isNoStore, keyHeaders };
  const refusal = refusalToStore(asked, facts, settings, wallMs);
  if (refusal !== '') return refusal;
  if (!facts.vary.every(isVariableBy)) return 'vary-client';
  const variant = facts.vary.length > varyLimits.names ? undefined : variantKey(facts.vary, fields);
  if (variant === undefined) return 'vary-too-much';
  const length = lengthOf(options.bodyKind, head.contentLength);
  if (length > Math.min(options.maxObjectBytes, policy.maxObjectBytes)) return 'too-large';
  const known = { facts, settings, variant, length };
  if (head.status !== 206) return { ...known, part: undefined };
  const range = parseContentRange(facts.contentRange);
  if (range === undefined || length !== range.last - range.first + 1) return 'partial';
  return { ...known, part: { first: range.first, total: range.total } };
}

/** Why an answer is not kept, where a field or two tell that; '' where more must be asked. HOT. */
export function refusedAtOnce({ policy, rules }: Question, { fields }: ResponseHead): StoreRefusal | '' {
  return rules.length === 0 && !policy.heuristics ? quickRefusal(fields) : '';
}

/** The answers that most pages of applications get, told apart without reading all fields. */
function quickRefusal(fields: Fields): StoreRefusal | '' {
  if (fields.get('cdn-cache-control') !== undefined) return '';
  const control = fields.get('cache-control');
  if (control === undefined) return fields.get('expires') === undefined ? 'no-lifetime' : '';
  if (control.includes('no-store') && !control.includes('must-understand') && !control.includes('"'))
    return 'no-store';
  return control === 'private' || control.startsWith('private,') ? 'private' : '';
}

function lengthOf(kind: BodyKind, contentLength: number): number {
  return kind === 'length' ? contentLength : kind === 'none' ? 0 : -1;
}

/** Which fields of an answer are kept. */
export function keepRules(
  facts: ResponseFacts,
  { setCookie }: ResponseSettings,
): Parameters<typeof keptFields>[1] {
  return { heldBack: facts.control.heldBackFields, setCookie: setCookie === 'keep' ? 'keep' : 'strip' };
}
