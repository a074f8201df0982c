// The origin of the cache cases: answers each request of a case as the case says, in raw bytes, and keeps what reached it.
// Says in every answer which request of the case it answers and how many of them it has seen, which is how a client tells
// a stored answer from a new one.
import {
  RecordingOrigin,
  type RecordedConnection,
  type RecordedRequest,
} from '../support/recording-origin.ts';
import { type CacheCase, type CaseRequest, fieldText } from './cache-cases.ts';

/** A request of a case that reached the origin. */
export interface SeenRequest {
  readonly number: number;
  readonly method: string;
  readonly fields: ReadonlyArray<readonly [string, string]>;
}

interface Running {
  readonly one: CacheCase;
  readonly seen: SeenRequest[];
  /** Wall time of each answer, by number of its request. */
  readonly answeredMs: Map<number, number>;
}

export class CacheCaseOrigin {
  readonly #running = new Map<string, Running>();
  readonly #wallMs: () => number;
  readonly #pause: (ms: number) => Promise<void>;
  #origin!: RecordingOrigin;

  private constructor(time: CaseTime) {
    this.#wallMs = time.wallMs;
    this.#pause = time.pause;
  }

  static async start(time: CaseTime): Promise<CacheCaseOrigin> {
    const made = new CacheCaseOrigin(time);
    made.#origin = await RecordingOrigin.start((request, connection) => made.#answer(request, connection));
    return made;
  }

  get url(): string {
    return this.#origin.url;
  }

  get port(): number {
    return this.#origin.port;
  }

  /** Makes the origin know a case; `run` is part of its paths. */
  begin(run: string, one: CacheCase): void {
    this.#running.set(run, { one, seen: [], answeredMs: new Map() });
  }

  /** What of a case has reached the origin. */
  seen(run: string): readonly SeenRequest[] {
    return this.#running.get(run)!.seen;
  }

  close(): Promise<void> {
    return this.#origin.close();
  }

  #answer(request: RecordedRequest, connection: RecordedConnection): string | undefined {
    const [method, target] = request.requestLine.split(' ') as [string, string];
    const run = /^\/test\/([^/?]+)/.exec(target)?.[1];
    const running = run === undefined ? undefined : this.#running.get(run);
    const number = Number(request.fields.find(([name]) => name.toLowerCase() === 'req-num')?.[1]);
    const wanted = running?.one.requests[number - 1];
    if (!running || !wanted) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    running.seen.push({ number, method, fields: request.fields });
    if (wanted.disconnect) {
      connection.socket.destroy();
      return undefined;
    }
    const path = target.replace(/[?].*/, '');
    const bytes = this.#interim(wanted) + this.#final({ running, number, wanted, method, path, request });
    if (wanted.response_pause === undefined) return bytes;
    void this.#pause(wanted.response_pause * 1000).then(() => connection.socket.write(bytes, 'latin1'));
    return undefined;
  }

  #interim({ interim_responses: interim = [] }: CaseRequest): string {
    return interim
      .map(([status, fields = []]) => {
        const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        return `HTTP/1.1 ${status} Interim\r\n${lines}\r\n`;
      })
      .join('');
  }

  #final(asked: Asked): string {
    const { running, number, wanted, method } = asked;
    const nowMs = this.#wallMs();
    running.answeredMs.set(number, nowMs);
    const isConfirmed = this.#isConfirmed(asked);
    const isValidation = wanted.expected_type?.endsWith('_validated') === true;
    let [status, reason] = wanted.response_status ?? [200, 'OK'];
    if (isValidation) [status, reason] = isConfirmed ? [304, 'Not Modified'] : [999, 'Not Validated'];
    const fields: Array<[string, string]> = (wanted.response_headers ?? []).map(([name, value]) => [
      name,
      this.#fieldValue(name, value, nowMs, asked),
    ]);
    fields.push(['Server-Now', String(nowMs)], ['Server-Request-Count', String(running.seen.length)]);
    fields.push(['Client-Request-Count', String(number)]);
    const has = (name: string): boolean => fields.some(([key]) => key.toLowerCase() === name);
    if (!has('content-type')) fields.push(['Content-Type', 'text/plain']);
    const hasBody = status !== 204 && status !== 304;
    const body = hasBody ? (wanted.response_body ?? defaultBody(running.one)) : '';
    if (hasBody && !has('content-length') && !has('transfer-encoding'))
      fields.push(['Content-Length', String(Buffer.byteLength(body, 'latin1'))]);
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `HTTP/1.1 ${status} ${reason}\r\n${head}\r\n${method === 'HEAD' ? '' : body}`;
  }

  #fieldValue(name: string, value: string | number, nowMs: number, { wanted, path }: Asked): string {
    if (wanted.magic_locations === true && /^(content-)?location$/i.test(name)) {
      return value === '' ? path : `${path.replace(/^(\/test\/[^/]+).*/, '$1')}/${value}`;
    }
    return fieldText(name, value, nowMs);
  }

  /** Whether the request names a validator that the case's previous answer had. */
  #isConfirmed({ running, number, request }: Asked): boolean {
    const previous = running.one.requests[number - 2];
    const sent = (name: string): string | undefined =>
      request.fields.find(([key]) => key.toLowerCase() === name)?.[1];
    const had = (name: string): string | undefined => {
      const field = previous?.response_headers?.find(([key]) => key.toLowerCase() === name);
      return field && fieldText(name, field[1], running.answeredMs.get(number - 1) ?? 0);
    };
    const isSame = (sentName: string, hadName: string): boolean =>
      sent(sentName) !== undefined && sent(sentName) === had(hadName);
    return isSame('if-none-match', 'etag') || isSame('if-modified-since', 'last-modified');
  }
}

/** Time as the cases have it: real, or moved by hand. */
export interface CaseTime {
  readonly wallMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

interface Asked {
  readonly running: Running;
  readonly number: number;
  readonly wanted: CaseRequest;
  readonly method: string;
  readonly path: string;
  readonly request: RecordedRequest;
}

/** What an answer has for a body when its case does not say. */
export function defaultBody({ id }: CacheCase): string {
  return id.padEnd(36, '.').slice(0, 36);
}
