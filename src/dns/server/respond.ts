// From a query's bytes to an answer's: checks in the order in which they can be trusted, then the zone. Pure but for the
// rate limit's count. Never recurses, never answers an answer, never sends more over UDP than the client can take.
import { isSallyportError } from '#base/errors.ts';
import { type Edns, ednsOptions, ednsRecord, readEdns } from '#wire/dns-edns.ts';
import {
  decodeMessage,
  type DnsMessage,
  type DnsQuestion,
  encodeMessage,
  largestMessageBytes,
  noFlags,
  peekHeader,
} from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { opcodes, rcodes, recordClasses, recordTypes } from '#wire/dns-numbers.ts';
import { longestZone } from '../plan/zone-match.ts';
import { checkCookie, makeCookie } from './dns-cookie.ts';
import { lookup, type LookupResult } from './lookup.ts';
import { type QuerySignature, readSignature, signedAnswer, type TsigKeys } from './query-signature.ts';
import type { ZoneIndex } from './zone-index.ts';

/** What an answer depends on beside the query. */
export interface RespondContext {
  readonly zones: readonly ZoneIndex[];
  readonly transport: 'udp' | 'tcp';
  readonly address: string;
  readonly cookieSecret: Uint8Array;
  readonly keys: TsigKeys;
  readonly wallMs: number;
}

/** A query read, with its answer. */
export interface Answer {
  readonly bytes: Uint8Array;
  /** The same answer without content and with TC, for an address over its rate. */
  readonly truncated: () => Uint8Array;
  /** Like answers have one kind, for the rate limit. */
  readonly kind: string;
  /** A valid cookie, or TCP: the address is not forged. */
  readonly isProven: boolean;
  /** Set for AXFR and IXFR over TCP, which the listener hands on to transfer-out.ts if it is allowed. */
  readonly transfer?: TransferQuestion;
}

export interface TransferQuestion {
  readonly query: DnsMessage;
  readonly question: DnsQuestion;
  readonly zone: ZoneIndex;
  readonly signature: QuerySignature;
}

/** What we can take over UDP, and at most send (DNS flag day 2020). */
export const payloadBytes = 1232;
const payloadWithoutEdns = 512;

/** The answer to a datagram or message; undefined: there is none to give. */
export function respond(bytes: Uint8Array, context: RespondContext): Answer | undefined {
  const header = peekHeader(bytes);
  // An answer to an answer could go on for ever.
  if (!header || header.isResponse) return undefined;
  let query: DnsMessage;
  let edns: Edns | undefined;
  let signature: QuerySignature;
  try {
    signature = readSignature(bytes, context.keys, context.wallMs);
    query = decodeMessage(signature.unsigned);
    edns = readEdns(query);
  } catch (error) {
    if (!isSallyportError(error, 'protocol-violation')) throw error;
    const { id, opcode, wantsRecursion } = header;
    const empty = { questions: [], answers: [], authorities: [], additionals: [] };
    const answer = {
      ...noFlags,
      ...empty,
      id,
      opcode,
      wantsRecursion,
      isResponse: true,
      rcode: rcodes.FORMERR,
    };
    const encoded = encodeMessage(answer);
    return { bytes: encoded, truncated: () => encoded, kind: 'formerr', isProven: false };
  }
  return new Response({ query, edns, signature }, context).answer();
}

interface ReadQuery {
  readonly query: DnsMessage;
  readonly edns: Edns | undefined;
  readonly signature: QuerySignature;
}

/** One query on its way to an answer. */
class Response {
  readonly #query: DnsMessage;
  readonly #edns: Edns | undefined;
  readonly #signature: QuerySignature;
  readonly #context: RespondContext;
  #isProven: boolean;

  constructor({ query, edns, signature }: ReadQuery, context: RespondContext) {
    this.#query = query;
    this.#edns = edns;
    this.#signature = signature;
    this.#context = context;
    this.#isProven = context.transport === 'tcp';
  }

  answer(): Answer {
    if (this.#signature.error !== 0) return this.#refuse(rcodes.NOTAUTH, 'tsig');
    const fault = this.#checkEdns();
    if (fault !== undefined) return this.#refuse(fault, 'edns');
    const { opcode, questions } = this.#query;
    if (opcode !== opcodes.QUERY) {
      // We are nobody's secondary, and zones change by their owners alone.
      const isKnown = opcode === opcodes.NOTIFY || opcode === opcodes.UPDATE;
      return this.#refuse(isKnown ? rcodes.REFUSED : rcodes.NOTIMP, 'opcode');
    }
    if (questions.length !== 1) return this.#refuse(rcodes.FORMERR, 'formerr');
    return this.#answerQuestion(questions[0]!);
  }

  #answerQuestion(question: DnsQuestion): Answer {
    const { zones, transport } = this.#context;
    const isInternet = question.class === recordClasses.IN || question.class === recordClasses.ANY;
    const zone = isInternet ? longestZone(zones, question.name) : undefined;
    if (!zone) return this.#refuse(rcodes.REFUSED, 'refused');
    const { type } = question;
    if (type === recordTypes.AXFR || type === recordTypes.IXFR) {
      const refusal = this.#refuse(rcodes.REFUSED, 'transfer');
      if (lowerName(question.name) !== zone.name || transport === 'udp') return refusal;
      const transfer = { query: this.#query, question, zone, signature: this.#signature };
      return { ...refusal, transfer };
    }
    // Types from 128 to 254 are no records but questions of their own kind (RFC 6895 section 3.1).
    if (type === recordTypes.OPT || (type >= 128 && type < recordTypes.ANY)) {
      return this.#refuse(rcodes.NOTIMP, 'meta');
    }
    const result = lookup(zone, question.name, type);
    const kind =
      result.kind === 'answer' ? `${lowerName(question.name)} ${type}` : `${result.kind} ${zone.name}`;
    return this.#send(this.#message(result), kind);
  }

  #message(result: LookupResult): DnsMessage {
    return {
      ...this.#head(result.kind === 'no-name' ? rcodes.NXDOMAIN : rcodes.NOERROR),
      isAuthoritative: result.kind !== 'referral' || result.answers.length > 0,
      answers: result.answers,
      authorities: result.authorities,
      additionals: result.additionals,
    };
  }

  #head(rcode: number): DnsMessage {
    const { id, opcode, wantsRecursion, isCheckingDisabled, questions } = this.#query;
    return {
      ...{ ...noFlags, isResponse: true, id, opcode, wantsRecursion, isCheckingDisabled, rcode: rcode & 15 },
      // The question goes back as it came, letter by letter: resolvers hide a nonce in its case.
      questions: questions.length === 1 ? questions : [],
      ...{ answers: [], authorities: [], additionals: [] },
    };
  }

  #refuse(rcode: number, kind: string): Answer {
    return this.#send(this.#head(rcode), kind, rcode >> 4);
  }

  #send(message: DnsMessage, kind: string, extendedRcode = 0): Answer {
    const opt = this.#edns ? [this.#ednsRecord(extendedRcode)] : [];
    const withOpt = { ...message, additionals: [...message.additionals, ...opt] };
    const empty = { answers: [], authorities: [], additionals: opt };
    const finish = (one: DnsMessage): Uint8Array =>
      signedAnswer(encodeMessage(one), this.#signature, this.#context.wallMs);
    const truncated = (): Uint8Array => finish({ ...message, ...empty, isTruncated: true });
    const limit = this.#limitBytes();
    // What is only helpful goes first; an answer that then is too large is asked for again over TCP.
    const bytes =
      within(limit, finish, withOpt) ??
      within(limit, finish, { ...message, additionals: opt }) ??
      truncated();
    return { bytes, truncated, kind, isProven: this.#isProven };
  }

  #limitBytes(): number {
    if (this.#context.transport === 'tcp') return largestMessageBytes;
    return this.#edns ? Math.min(this.#edns.payloadBytes, payloadBytes) : payloadWithoutEdns;
  }

  #ednsRecord(extendedRcode: number) {
    const { address, cookieSecret, wallMs } = this.#context;
    const cookie = this.#cookieOption();
    const context = { secret: cookieSecret, address, nowSeconds: Math.floor(wallMs / 1000) };
    const options =
      cookie && cookie.length >= 8 ? [[ednsOptions.COOKIE, makeCookie(cookie, context)] as const] : [];
    return ednsRecord({
      payloadBytes,
      extendedRcode,
      version: 0,
      wantsDnssec: this.#edns!.wantsDnssec,
      options,
    });
  }

  /** A response code if the OPT record cannot be accepted; notes a cookie that proves the address. */
  #checkEdns(): number | undefined {
    if (!this.#edns) return undefined;
    if (this.#edns.version !== 0) return rcodes.BADVERS;
    const cookie = this.#cookieOption();
    if (!cookie) return undefined;
    const { address, cookieSecret: secret, wallMs } = this.#context;
    const verdict = checkCookie(cookie, { secret, address, nowSeconds: Math.floor(wallMs / 1000) });
    if (verdict === 'valid') this.#isProven = true;
    return verdict === 'malformed' ? rcodes.FORMERR : undefined;
  }

  #cookieOption(): Uint8Array | undefined {
    const cookie = this.#edns?.options.find(([code]) => code === ednsOptions.COOKIE)?.[1];
    return cookie && cookie.length >= 8 ? cookie : cookie && new Uint8Array(0);
  }
}

/** The bytes of a message if they fit. A set of records may be too large for any message. */
function within(
  limit: number,
  finish: (message: DnsMessage) => Uint8Array,
  message: DnsMessage,
): Uint8Array | undefined {
  try {
    const bytes = finish(message);
    return bytes.length <= limit ? bytes : undefined;
  } catch (error) {
    if (!isSallyportError(error, 'protocol-violation')) throw error;
    return undefined;
  }
}
