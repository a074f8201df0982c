// A request that the edge makes itself, through the whole data path behind its listeners: for `explain` and for sending a
// logged request again. The answer's body is thrown away; what is told is what a visitor's log line would tell.
import { errorText, SallyportError } from '#base/errors.ts';
import { parseAuthority } from '#base/net/hostname.ts';
import { parseOriginForm } from '#http/request-target.ts';
import { ListFields } from '#http/list-fields.ts';
import type {
  ClientAddress,
  Downstream,
  ExchangeFailure,
  RequestHead,
  ResponseHead,
  Upstream,
} from '#http/exchange.ts';

export interface InnerRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  /** Value of Accept; absent: anything. */
  readonly accept?: string;
}

/** What came of it. */
export interface InnerAnswer {
  readonly requestId: string;
  readonly status: number;
  /** Fields of the answer, names in lower case; several cookies stand in lines of their own. */
  readonly fields: ReadonlyMap<string, string>;
  /** Set when the edge had to answer itself, or the answer broke off. */
  readonly failure: ExchangeFailure | undefined;
  /** Body bytes that came before it ended or was cut. */
  readonly bodyBytes: number;
  /** The text of a page, as far as it was read; '' for what is none. */
  readonly html: string;
}

export interface InnerRequestTools {
  readonly start: (request: RequestHead, front: Downstream) => Upstream;
  readonly newRequestId: () => string;
  readonly nowMs: () => number;
}

/** A page longer than this says all it has to say. */
const maxBodyBytes = 4 * 1024 * 1024;

/** Of a page this much is looked at. */
const maxHtmlBytes = 1024 * 1024;

/** The client of such a request. */
const innerClient: ClientAddress = {
  address: '127.0.0.1',
  port: 0,
  peerAddress: '127.0.0.1',
  localAddress: '127.0.0.1',
  localPort: 0,
  serverName: '',
};

/**
 * Sends it, and resolves when the answer has ended. @throws SallyportError 'invalid' for a URL that no client could ask for
 */
export function sendInnerRequest(
  tools: InnerRequestTools,
  { method, url, accept = '*/*' }: InnerRequest,
  signal: AbortSignal,
): Promise<InnerAnswer> {
  const target = innerTargetOf(url);
  const requestId = tools.newRequestId();
  const head: RequestHead = {
    ...target,
    method,
    httpVersion: '1.1',
    fields: new ListFields(['Accept', accept, 'User-Agent', 'sallyport-explain']),
    bodyKind: 'none',
    contentLength: 0,
    upgrade: '',
    expectsContinue: false,
    acceptsTrailers: false,
    client: innerClient,
    requestId,
    startedMs: tools.nowMs(),
  };
  return new Promise((resolve) => {
    const sink = new Sink(requestId, resolve);
    const upstream = tools.start(head, sink);
    sink.attach(upstream);
    upstream.endBody(null);
    const onAbort = (): void => sink.giveUp();
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** The parts of a URL as a front would have read them. */
export function innerTargetOf(
  text: string,
): Pick<RequestHead, 'scheme' | 'host' | 'authority' | 'path' | 'query'> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const authority = url && parseAuthority(url.host);
  if (!url || !authority || !/^https?:$/.test(url.protocol)) {
    throw new SallyportError('invalid', `"${text}" is no web address that can be asked for.`);
  }
  try {
    const { path, query } = parseOriginForm(`${url.pathname}${url.search}`);
    return {
      scheme: url.protocol === 'http:' ? 'http' : 'https',
      host: authority.host,
      authority: url.host,
      path,
      query,
    };
  } catch (error) {
    throw new SallyportError('invalid', `The edge refuses "${text}": ${errorText(error)}.`, { cause: error });
  }
}

/** Takes the answer. */
class Sink implements Downstream {
  readonly #requestId: string;
  readonly #resolve: (answer: InnerAnswer) => void;
  #upstream: Upstream | undefined;
  #status = 0;
  #fields = new Map<string, string>();
  #bodyBytes = 0;
  #page: Buffer[] = [];
  #isDone = false;

  constructor(requestId: string, resolve: (answer: InnerAnswer) => void) {
    this.#requestId = requestId;
    this.#resolve = resolve;
  }

  attach(upstream: Upstream): void {
    this.#upstream = upstream;
  }

  get #isPage(): boolean {
    const isPlain = (this.#fields.get('content-encoding') ?? 'identity') === 'identity';
    return isPlain && /^text\/html\b/i.test(this.#fields.get('content-type') ?? '');
  }

  giveUp(): void {
    if (this.#isDone) return;
    this.#upstream?.abort('nobody waits for the answer any longer');
    this.#finish({ status: 504, code: 'origin-timeout', detail: 'no answer in the time there was' });
  }

  inform(): void {}

  respond(head: ResponseHead): void {
    this.#status = head.status;
    head.fields.forEach((name, value) => {
      const key = name.toLowerCase();
      const before = key === 'set-cookie' ? this.#fields.get(key) : undefined;
      this.#fields.set(key, before === undefined ? value : `${before}\n${value}`);
    });
  }

  switchProtocols(head: ResponseHead): void {
    this.respond(head);
    this.giveUp();
  }

  body(chunk: Buffer): boolean {
    this.#bodyBytes += chunk.length;
    if (this.#isPage && this.#bodyBytes <= maxHtmlBytes) this.#page.push(Buffer.from(chunk));
    if (this.#bodyBytes > maxBodyBytes && !this.#isDone) {
      this.#upstream?.abort('enough of the body was seen');
      this.#finish(undefined);
    }
    return true;
  }

  end(): void {
    this.#finish(undefined);
  }

  abort(failure: ExchangeFailure): void {
    this.#finish(failure);
  }

  upstreamDrained(): void {}

  #finish(failure: ExchangeFailure | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#resolve({
      requestId: this.#requestId,
      status: failure && this.#status === 0 ? failure.status : this.#status,
      fields: this.#fields,
      failure,
      bodyBytes: this.#bodyBytes,
      html: Buffer.concat(this.#page).toString('utf8'),
    });
  }
}
