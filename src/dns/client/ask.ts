// Asks a DNS server one question: over UDP with EDNS, again if nothing comes, over TCP when the answer is truncated.
// Signed with TSIG when a key is given. The answer is checked to belong to the question, and to be signed if that was.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { isSallyportError, SallyportError } from '#base/errors.ts';
import { ednsRecord } from '#wire/dns-edns.ts';
import {
  decodeMessage,
  type DnsMessage,
  type DnsQuestion,
  encodeMessage,
  noFlags,
} from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { opcodes, rcodeName, recordClasses, typeName } from '#wire/dns-numbers.ts';
import { checkTsig, signTsig, splitTsig, type TsigKey } from '#wire/dns-tsig.ts';
import { formatServerAddress, type ServerAddress } from './server-address.ts';
import { TcpConnection } from './tcp-connection.ts';
import { exchangeUdp } from './udp-exchange.ts';

export interface AskOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly key?: TsigKey;
  /** RD: for resolvers, not for a zone's own servers. */
  readonly wantsRecursion?: boolean;
  /** For one try over UDP; twice as long over TCP. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/** Where fragments are rare (DNS flag day 2020). */
export const safePayloadBytes = 1232;

const defaultTimeoutMs = 2_000;
const defaultTries = 3;

/** The server's answer, whatever its code. @throws SallyportError 'dns-unreachable', 'dns-refused' for a TSIG that fails */
export async function ask(
  server: ServerAddress,
  question: { readonly name: string; readonly type: number },
  options: AskOptions,
  signal: AbortSignal,
): Promise<DnsMessage> {
  const { tries = defaultTries } = options;
  const request = buildQuery({ ...question, class: recordClasses.IN }, options);
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await askUdp(server, request, options, signal);
      return answer.isTruncated ? await askTcp(server, request, options, signal) : answer;
    } catch (error) {
      if (signal.aborted || attempt >= tries || !isSallyportError(error, 'dns-unreachable')) throw error;
    }
  }
}

/** A request that is on its way: its message, bytes and MAC. */
export interface SentRequest {
  readonly message: DnsMessage;
  readonly bytes: Uint8Array;
  /** undefined when it is not signed. */
  readonly mac: Uint8Array | undefined;
}

/** Encodes a request and signs it if there is a key. */
export function prepareRequest(
  message: DnsMessage,
  { key, clock }: Pick<AskOptions, 'key' | 'clock'>,
): SentRequest {
  const unsigned = encodeMessage(message);
  if (!key) return { message, bytes: unsigned, mac: undefined };
  const { bytes, mac } = signTsig(unsigned, key, { timeSeconds: Math.floor(clock.wallMs() / 1000) });
  return { message, bytes, mac };
}

/**
 * Reads the answer to a request and checks its signature.
 * @throws SallyportError 'protocol-violation' when it is malformed or not for this request, 'dns-refused' for its TSIG
 */
export function readAnswer(
  server: ServerAddress,
  request: SentRequest,
  bytes: Uint8Array,
  { key, clock }: Pick<AskOptions, 'key' | 'clock'>,
): DnsMessage {
  const { unsigned, tsig } = splitTsig(bytes);
  const answer = decodeMessage(unsigned);
  if (!isAnswerTo(answer, request.message)) {
    throw new SallyportError('protocol-violation', 'The DNS answer is for another question.');
  }
  if (!key || !request.mac) return answer;
  const timeSeconds = Math.floor(clock.wallMs() / 1000);
  const fault = tsig && checkTsig(unsigned, tsig, key, { timeSeconds, priorMac: request.mac });
  if (tsig && tsig.mac.length > 0 && fault === undefined) {
    if (tsig.error !== 0) throw tsigRefused(server, key, tsigErrorText(tsig.error));
    return answer;
  }
  // A server that cannot check our signature has nothing to sign its answer with (RFC 8945 section 5.2.1).
  if (tsig?.mac.length === 0 && tsig.error !== 0) throw tsigRefused(server, key, tsigErrorText(tsig.error));
  if (!tsig && answer.rcode !== 0)
    throw tsigRefused(server, key, `it answers ${rcodeName(answer.rcode)} without a signature`);
  throw tsigRefused(
    server,
    key,
    tsig ? `its own signature is wrong: ${fault ?? 'none'}` : 'its answer is not signed',
  );
}

/** Whether a message answers a request: id, operation and question. */
export function isAnswerTo(answer: DnsMessage, request: DnsMessage): boolean {
  if (!answer.isResponse || answer.id !== request.id || answer.opcode !== request.opcode) return false;
  const asked = request.questions[0]!;
  const [echoed] = answer.questions;
  // Some servers leave the question out of a refusal.
  if (!echoed) return answer.rcode !== 0;
  return (
    lowerName(echoed.name) === lowerName(asked.name) &&
    echoed.type === asked.type &&
    echoed.class === asked.class
  );
}

function buildQuery(question: DnsQuestion, { random, wantsRecursion = false }: AskOptions): DnsMessage {
  return {
    ...noFlags,
    wantsRecursion,
    id: random.bytes(2).readUInt16BE(),
    ...{ opcode: opcodes.QUERY, rcode: 0, questions: [question], answers: [], authorities: [] },
    additionals: [
      ednsRecord({
        payloadBytes: safePayloadBytes,
        extendedRcode: 0,
        version: 0,
        wantsDnssec: false,
        options: [],
      }),
    ],
  };
}

async function askUdp(
  server: ServerAddress,
  query: DnsMessage,
  options: AskOptions,
  signal: AbortSignal,
): Promise<DnsMessage> {
  const { clock, timeoutMs = defaultTimeoutMs } = options;
  const request = prepareRequest(query, options);
  const accepts = (bytes: Uint8Array): boolean => {
    try {
      return isAnswerTo(decodeMessage(splitTsig(bytes).unsigned), query);
    } catch {
      return false;
    }
  };
  const bytes = await exchangeUdp({ server, request: request.bytes, accepts, timeoutMs, clock }, signal);
  return readAnswer(server, request, bytes, options);
}

async function askTcp(
  server: ServerAddress,
  query: DnsMessage,
  options: AskOptions,
  signal: AbortSignal,
): Promise<DnsMessage> {
  const { clock, timeoutMs = defaultTimeoutMs } = options;
  const connection = await TcpConnection.open({ server, clock, timeoutMs: 2 * timeoutMs }, signal);
  try {
    const request = prepareRequest(query, options);
    connection.send(request.bytes);
    const bytes = await connection.receive(signal);
    return readAnswer(server, request, bytes, options);
  } catch (error) {
    if (!isSallyportError(error, 'protocol-violation')) throw error;
    const what = `${query.questions[0]!.name} ${typeName(query.questions[0]!.type)}`;
    throw new SallyportError(
      'dns-unreachable',
      `The DNS server ${formatServerAddress(server)} gave no usable answer for ${what} over TCP (${error.message}).`,
      { cause: error },
    );
  } finally {
    connection.close();
  }
}

const tsigErrors: Readonly<Record<number, string>> = {
  16: 'BADSIG: it knows the key by name, but the secret differs',
  17: 'BADKEY: it has no key of this name and algorithm',
  18: 'BADTIME: the clocks of the two machines differ by more than five minutes',
  22: 'BADTRUNC: it wants another length of signature',
};

function tsigErrorText(error: number): string {
  return tsigErrors[error] ?? `TSIG error ${error}`;
}

function tsigRefused(server: ServerAddress, key: TsigKey, why: string): SallyportError {
  return new SallyportError(
    'dns-refused',
    `The DNS server ${formatServerAddress(server)} does not get along with the key ${key.name} (${key.algorithm}): ${why}.`,
  );
}
