// Tells secondaries that a zone has changed (NOTIFY, RFC 1996): at once, again until they answer, and never more than one
// message under way to each for a zone.
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { decodeMessage, type DnsMessage, noFlags } from '#wire/dns-message.ts';
import { opcodes, rcodeName, recordClasses, recordTypes } from '#wire/dns-numbers.ts';
import { splitTsig } from '#wire/dns-tsig.ts';
import { isAnswerTo, prepareRequest, readAnswer } from '../client/ask.ts';
import { formatServerAddress, resolveServer } from '../client/server-address.ts';
import { exchangeUdp } from '../client/udp-exchange.ts';
import type { TsigKeys } from './query-signature.ts';
import type { Secondary } from './transfer-out.ts';
import type { ZoneIndex } from './zone-index.ts';

export interface NotifierOptions {
  readonly secondaries: readonly Secondary[];
  readonly keys: TsigKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** RFC 1996 section 3.6 suggests five tries; secondaries ask by themselves after the refresh time. */
const tries = 5;
const timeoutMs = 3_000;
const baseMs = 2_000;
const capMs = 30_000;
const maxAddresses = 2;

/** Sends NOTIFY; one per name server. */
export class Notifier {
  readonly #options: NotifierOptions;
  /** The newest serial to tell, by secondary and zone; present while a task is at work on it. */
  readonly #wanted = new Map<string, ZoneIndex>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Tells every secondary of a zone; resolves when each has answered or is given up. */
  async announce(zone: ZoneIndex, signal: AbortSignal): Promise<void> {
    const concerned = this.#options.secondaries.filter(
      ({ zones }) => zones.length === 0 || zones.includes(zone.name),
    );
    await Promise.all(concerned.map((secondary) => this.#tell(secondary, zone, signal)));
  }

  async #tell(secondary: Secondary, zone: ZoneIndex, signal: AbortSignal): Promise<void> {
    const key = `${formatServerAddress(secondary.server)} ${zone.name}`;
    const isAtWork = this.#wanted.has(key);
    this.#wanted.set(key, zone);
    if (isAtWork) return;
    try {
      for (let told: ZoneIndex | undefined; told !== this.#wanted.get(key);) {
        told = this.#wanted.get(key)!;
        await this.#tellOnce(secondary, told, signal);
      }
    } finally {
      this.#wanted.delete(key);
    }
  }

  async #tellOnce(secondary: Secondary, zone: ZoneIndex, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    const backoff = new Backoff({ baseMs, capMs, random });
    const fields = { zone: zone.name, serial: zone.serial, secondary: formatServerAddress(secondary.server) };
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#send(secondary, zone, signal);
        log.debug('A secondary was told of a change', fields);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (attempt >= tries) {
          log.warn('A secondary could not be told of a change; it will ask by itself', {
            ...{ ...fields, error: errorText(error) },
          });
          return;
        }
        await sleep(clock, backoff.nextMs(), signal).catch(() => {});
      }
    }
  }

  async #send({ server, keyName }: Secondary, zone: ZoneIndex, signal: AbortSignal): Promise<void> {
    const { clock, random, keys } = this.#options;
    const message: DnsMessage = {
      ...{
        ...noFlags,
        id: random.bytes(2).readUInt16BE(),
        opcode: opcodes.NOTIFY,
        rcode: 0,
        isAuthoritative: true,
      },
      questions: [{ name: zone.name, type: recordTypes.SOA, class: recordClasses.IN }],
      ...{ answers: [zone.soa], authorities: [], additionals: [] },
    };
    const key = keyName === undefined ? undefined : keys.get(keyName.toLowerCase());
    const options = key ? { clock, key } : { clock };
    const request = prepareRequest(message, options);
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        return isAnswerTo(decodeMessage(splitTsig(bytes).unsigned), message);
      } catch {
        return false;
      }
    };
    const [address] = await resolveServer(server, maxAddresses);
    const bytes = await exchangeUdp(
      { server: address!, request: request.bytes, accepts, timeoutMs, clock },
      signal,
    );
    const answer = readAnswer(server, request, bytes, options);
    if (answer.rcode !== 0) throw new Error(`it answered ${rcodeName(answer.rcode)}`);
  }
}
