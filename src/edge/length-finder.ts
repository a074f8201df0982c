// Request bodies of unknown length for origins that cannot read chunks (WSGI servers, `disableChunkedEncoding`): the body
// is gathered here, within a limit, until its length is known. cloudflared sends such a body without any framing, which no
// origin understands; users who set the key mean this.
import { Buffer } from 'node:buffer';
import { ChangedRequest } from '#http/changed-request.ts';
import type { RequestHead, ResponseHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';

/** Forms and API calls fit; whoever uploads more knows the length or is told that it is needed. */
export const maxGatheredBytes = 1_048_576;

/** The edge's own 100: it gathers the body itself. */
export const continueHead: ResponseHead = {
  status: 100,
  fields: new ListFields([]),
  bodyKind: 'none',
  contentLength: -1,
};

export interface LengthFinderOptions {
  /** The body is whole. */
  readonly found: (body: Buffer) => void;
  /** More came than is gathered. */
  readonly exceeded: () => void;
}

/** Stands in for the upstream while the body comes. */
export class LengthFinder implements Upstream {
  readonly #options: LengthFinderOptions;
  #pieces: Buffer[] = [];
  #byteCount = 0;
  #isOver = false;

  constructor(options: LengthFinderOptions) {
    this.#options = options;
  }

  writeBody(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.#byteCount += chunk.length;
    if (this.#byteCount > maxGatheredBytes) {
      this.abort();
      this.#options.exceeded();
    } else this.#pieces.push(Buffer.from(chunk));
    return true;
  }

  /** Trailers have no place after a body with a length. */
  endBody(): void {
    if (this.#isOver) return;
    const body = Buffer.concat(this.#pieces);
    this.abort();
    this.#options.found(body);
  }

  downstreamDrained(): void {}

  abort(): void {
    this.#isOver = true;
    this.#pieces = [];
  }
}

/** The request as if its client had named the length. The client has been told to go on, where it asked. */
export function withLength(request: RequestHead, contentLength: number): RequestHead {
  return new ChangedRequest(request, { bodyKind: 'length', contentLength, expectsContinue: false });
}
