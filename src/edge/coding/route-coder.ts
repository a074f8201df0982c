// What a route does about content codings: which responses, for which clients, and how. Both kinds of answers ask it: those
// that pass through (respond), and those that are kept (cached-coding.ts).
import type { Coding, CompressionPolicy } from '#model/routes/compression-policy.ts';
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import { mediaType, readResponseFacts } from '#http/cache/response-facts.ts';
import type { ResponseFacts } from '#http/cache/response-facts.ts';
import { CodingChoice } from '#http/coding/accept-encoding.ts';
import { isCodable, wouldTellSecrets } from '#http/coding/codable.ts';
import { codedHeadChange } from '#http/coding/coded-head.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { Fields, RequestHead, ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import { isOwnAnswer } from '../http2/http2-fields.ts';
import { CodedTransfer } from './coded-transfer.ts';
import type { EncoderPool } from './encoder.ts';

export class RouteCoder {
  readonly policy: CompressionPolicy;
  readonly pool: EncoderPool;
  readonly #choice: CodingChoice;
  readonly #wallMs: () => number;

  constructor(
    policy: CompressionPolicy,
    tools: { readonly pool: EncoderPool; readonly wallMs: () => number },
  ) {
    this.policy = policy;
    this.pool = tools.pool;
    this.#choice = new CodingChoice(policy.codings);
    this.#wallMs = tools.wallMs;
  }

  /** The coding a client gets, '' for none. HOT. */
  choose({ fields }: RequestHead): Coding | '' {
    return this.#choice.of(fields.get('accept-encoding'));
  }

  /** Whether a response that is kept may be sent compressed. */
  isCodable(facts: ResponseFacts, length: number): boolean {
    return isCodable({ ...facts, length }, this.policy);
  }

  /** Hands a head to the exchange's front: as it is, or with what follows going through an encoder. */
  respond(exchange: Exchange, head: ResponseHead): void {
    const { request, front } = exchange;
    const facts = this.#codableFacts(head);
    if (facts === undefined) return front.respond(head);
    const coding = this.#codingFor(request, facts);
    if (request.method === 'HEAD' || coding === '' || !this.pool.enter()) {
      const isHead = request.method === 'HEAD';
      return front.respond(describedHead(head, facts, isHead ? coding : ''));
    }
    new CodedTransfer({
      exchange,
      head,
      coding,
      etag: facts.etag,
      vary: facts.vary,
      pool: this.pool,
    }).begin();
  }

  /** What of a head matters, if its body may be compressed at all; most heads are told apart by two fields. */
  #codableFacts(head: ResponseHead): ResponseFacts | undefined {
    const { fields, status, contentLength } = head;
    if (isOwnAnswer(fields) || (contentLength >= 0 && contentLength < this.policy.minBytes)) return undefined;
    const type = mediaType(fields.get('content-type') ?? '');
    if (type === '' || !matchesAnyWildcard(this.policy.types, type)) return undefined;
    const facts = readResponseFacts(status, fields, this.#wallMs());
    return this.isCodable(facts, contentLength) ? facts : undefined;
  }

  #codingFor(request: RequestHead, facts: ResponseFacts): Coding | '' {
    const { fields } = request;
    if (forbidsTransform(fields)) return '';
    const { control, isTargeted, setsCookie } = facts;
    const lifetime = isTargeted ? control.maxAgeSeconds : control.sMaxAgeSeconds;
    const isPublic = control.isPublic || lifetime > 0;
    return wouldTellSecrets(fields, { setsCookie, isPublic }, this.policy) ? '' : this.choose(request);
  }
}

/** The client asked for the bytes as the origin has them (RFC 9111 section 5.2.1.6). */
export function forbidsTransform(fields: Fields): boolean {
  return fields.get('cache-control')?.includes('no-transform') === true;
}

function describedHead(head: ResponseHead, { etag, vary }: ResponseFacts, coding: Coding | ''): ResponseHead {
  const { omitted, lines } = codedHeadChange(coding, { etag, vary });
  if (lines === '') return head;
  const fields = new EditedFields(head.fields, lines, omitted);
  // Only what is compressed has another length, which a HEAD does not find out.
  return coding === ''
    ? new EditedHead(head, fields)
    : new EditedHead(head, fields, { bodyKind: 'none', contentLength: -1 });
}
