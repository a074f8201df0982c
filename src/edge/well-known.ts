// What the edge itself answers on its plain listeners, whatever the host: challenges of certificate authorities and the
// internal CA's root. Everything else goes its usual way.
import { failure } from '#http/exchange.ts';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { discardingUpstream } from './redirect.ts';

/** A whole answer of status 200. */
export interface WellKnownAnswer {
  readonly contentType: string;
  readonly body: Buffer;
  /** Name under which a browser saves it, undefined to show it. */
  readonly fileName?: string;
}

/** Where the answers come from; roles/ makes it of what certs/ has. */
export interface WellKnownSource {
  /** Undefined at once when the path is nobody's; resolves undefined when there turns out to be no answer. */
  find(path: string): Promise<WellKnownAnswer | undefined> | undefined;
}

export interface WellKnownRequest {
  readonly request: RequestHead;
  readonly front: Downstream;
  readonly source: WellKnownSource;
  /** Takes a request for which there turned out to be no answer. */
  readonly otherwise: () => Upstream;
  /** Told of the status when the edge has answered. */
  readonly answered: (status: number) => void;
}

/** Answers a GET or HEAD below `/.well-known/`, or undefined when it is not for us. */
export function answerWellKnown(asked: WellKnownRequest): Upstream | undefined {
  const { request, source } = asked;
  if (!request.path.startsWith('/.well-known/')) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (request.bodyKind !== 'none' || request.upgrade !== '') return undefined;
  const finding = source.find(request.path);
  if (!finding) return undefined;
  const waiting = new WaitingUpstream();
  finding
    .catch(() => undefined)
    .then((answer) => {
      if (waiting.isOver) return;
      if (answer) respond(asked, answer);
      else waiting.become(asked.otherwise());
    })
    .catch((error: unknown) => asked.front.abort(failure('internal', String(error))));
  return waiting;
}

function respond({ request, front, answered }: WellKnownRequest, answer: WellKnownAnswer): void {
  const isHead = request.method === 'HEAD';
  const saved = answer.fileName;
  front.respond({
    status: 200,
    fields: new ListFields([
      ...[
        'Content-Type',
        answer.contentType,
        'Cache-Control',
        'no-store',
        'X-Content-Type-Options',
        'nosniff',
      ],
      ...(saved === undefined ? [] : ['Content-Disposition', `attachment; filename="${saved}"`]),
    ]),
    bodyKind: isHead ? 'none' : 'length',
    contentLength: answer.body.length,
  });
  if (!isHead) front.body(answer.body);
  front.end(null);
  answered(200);
}

/** Stands for whoever will take the request; there is no body that could come meanwhile. */
class WaitingUpstream implements Upstream {
  isOver = false;
  #next: Upstream = discardingUpstream;
  #hasEnded = false;

  become(next: Upstream): void {
    this.#next = next;
    if (this.#hasEnded) next.endBody(null);
  }

  writeBody(chunk: Buffer): boolean {
    return this.#next.writeBody(chunk);
  }

  endBody(trailers: Parameters<Upstream['endBody']>[0]): void {
    this.#hasEnded = true;
    this.#next.endBody(trailers);
  }

  downstreamDrained(): void {
    this.#next.downstreamDrained();
  }

  abort(reason: string): void {
    this.isOver = true;
    this.#next.abort(reason);
  }
}
