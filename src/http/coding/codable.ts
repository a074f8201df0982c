// Whether a response may be compressed, and for this request (RFC 9110 sections 7.7 and 8.4): not what is compressed, partial
// or sealed already, what nobody gains by, or what is said to be left alone; and with care for secrets.
//
// BREACH: over TLS the length of a compressed page tells whether text of an attacker's choice equals a secret beside it. He
// needs his text in the page, many requests with the victim's cookies, and a look at lengths on the wire. The second is
// what an edge can see: browsers say with Sec-Fetch-Site who caused a request. So pages that may hold a secret are
// compressed only when no other site caused the request, unless the policy says otherwise.
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import type { CompressionPolicy } from '#model/routes/compression-policy.ts';
import type { Fields } from '../exchange.ts';

/** What of a response the decision needs. */
export interface CodableResponse {
  readonly status: number;
  /** Lower-case, without parameters. */
  readonly contentType: string;
  /** Lower-case, '' when absent. */
  readonly contentEncoding: string;
  readonly noTransform: boolean;
  /** A digest or signature covers the bytes. */
  readonly isSealed: boolean;
  readonly contentRange: string;
  /** -1: unknown. */
  readonly length: number;
}

/** Statuses whose bodies are none, or parts. */
const uncodable = new Set([204, 205, 206, 304, 416]);

/** Whether the response would be compressed for somebody, so that it varies by Accept-Encoding. */
export function isCodable(response: CodableResponse, policy: CompressionPolicy): boolean {
  const { status, contentEncoding, contentRange, contentType, length } = response;
  if (status < 200 || uncodable.has(status) || contentRange !== '') return false;
  if (contentEncoding !== '' && contentEncoding !== 'identity') return false;
  if (response.noTransform || response.isSealed || contentType === 'text/event-stream') {
    // Events come one by one and want to be seen at once; who lists their type in so many words gets them compressed.
    const isListed = contentType === 'text/event-stream' && policy.types.includes(contentType);
    if (!isListed || response.noTransform || response.isSealed) return false;
  }
  if (length >= 0 && length < policy.minBytes) return false;
  return contentType !== '' && matchesAnyWildcard(policy.types, contentType);
}

/** What is known about who may share a response. */
export interface SecrecyFacts {
  readonly setsCookie: boolean;
  /** Shared caches may keep it: then it is no secret. */
  readonly isPublic: boolean;
}

/** Whether compressing this answer to this request would let somebody measure a secret. */
export function wouldTellSecrets(request: Fields, facts: SecrecyFacts, policy: CompressionPolicy): boolean {
  if (policy.secrets === 'always' || facts.isPublic) return false;
  const isPersonal =
    facts.setsCookie || request.get('cookie') !== undefined || request.get('authorization') !== undefined;
  if (!isPersonal) return false;
  if (policy.secrets === 'never') return true;
  const site = request.get('sec-fetch-site');
  // `none` is a person: a bookmark, the address bar. Programs and old browsers say nothing, and are given nothing.
  return site !== 'same-origin' && site !== 'none';
}
