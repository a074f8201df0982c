// What the edge itself answers on its plain listeners, whatever the host: challenges of certificate authorities and the
// internal CA's root. Everything else goes its usual way.
import { failure } from '#http/exchange.ts';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { AccessLog } from '../logs/access-log.ts';
import { discardingUpstream } from './redirect.ts';
import type { Traffic } from '../observation/traffic.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';

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
  find(path: string, host: string): Promise<WellKnownAnswer | undefined> | undefined;
}

/** Starts a request, as fronts do it. */
type Start = (request: RequestHead, front: Downstream) => Upstream;

export interface WellKnownFirst {
  readonly source: WellKnownSource | undefined;
  /** Takes every request that is not answered here. */
  readonly start: Start;
  readonly log: AccessLog;
  readonly traffic: Traffic;
}

/** Answers GET and HEAD below `/.well-known/` where the source has something, and starts everything else. */
export function wellKnownFirst({ source, start, log, traffic }: WellKnownFirst): Start {
  if (!source) return start;
  return (request, front) => {
    const finding = isAnswerable(request) ? source.find(request.path, request.host) : undefined;
    if (!finding) return start(request, front);
    const waiting = new WaitingUpstream();
    finding
      .catch(() => undefined)
      .then((answer) => {
        if (waiting.isOver) return;
        if (!answer) return waiting.become(start(request, front));
        respond(request, front, answer);
        traffic.answered(200);
        log.addOwn({ id: request.requestId, client: request.client.address, request, status: 200 });
      })
      .catch((error: unknown) => front.abort(failure('internal', String(error))));
    return waiting;
  };
}

function isAnswerable({ path, method, bodyKind, upgrade }: RequestHead): boolean {
  if (!path.startsWith('/.well-known/') || bodyKind !== 'none' || upgrade !== '') return false;
  return method === 'GET' || method === 'HEAD';
}

function respond(request: RequestHead, front: Downstream, answer: WellKnownAnswer): void {
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
      ...ownAnswerStatus,
      ...(saved === undefined ? [] : ['Content-Disposition', `attachment; filename="${saved}"`]),
    ]),
    bodyKind: isHead ? 'none' : 'length',
    contentLength: answer.body.length,
  });
  if (!isHead) front.body(answer.body);
  front.end(null);
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

  downstreamMoved(): void {
    this.#next.downstreamMoved?.();
  }

  abort(reason: string): void {
    this.isOver = true;
    this.#next.abort(reason);
  }
}
