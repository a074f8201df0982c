// A client that sends request targets exactly as they are, one after the other on one plain connection for as long as that is
// left open, and reads each answer whole.
import { connect, type Socket } from 'node:net';
import { parseResponses, type RawResponse } from '../support/raw-client.ts';

/** No server of the games is slower, on any machine. */
const withinMs = 60_000;

const nothing: RawResponse = { status: 0, fields: {}, body: '' };

export class RawGames {
  readonly #port: number;
  #socket: Socket | undefined;
  #text = '';
  #answered: (response: RawResponse) => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** GET of a target; the status is 0 when the connection was closed without an answer. */
  async get(target: string, fields: readonly string[]): Promise<RawResponse> {
    const isFresh = this.#socket === undefined;
    const response = await this.#once(target, fields);
    // The server may have closed an idle connection just now.
    return response.status === 0 && !isFresh ? await this.#once(target, fields) : response;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #once(target: string, fields: readonly string[]): Promise<RawResponse> {
    const socket = (this.#socket ??= this.#open());
    this.#text = '';
    const { promise, resolve } = Promise.withResolvers<RawResponse>();
    this.#answered = resolve;
    socket.write(Buffer.from(`GET ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`, 'latin1'));
    const response = await promise;
    const isLast = response.status === 0 || /^close$/i.test(response.fields['connection'] ?? '');
    if (isLast && this.#socket === socket) this.close();
    return response;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const end = (): void => {
      if (this.#socket !== socket) return;
      this.close();
      this.#answered(parseResponses(this.#text)[0] ?? nothing);
    };
    socket.setTimeout(withinMs, end);
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#text += chunk.toString('latin1');
      const response = wholeResponse(this.#text);
      if (response) this.#answered(response);
    });
    return socket.on('end', end).on('close', end).on('error', end);
  }
}

function wholeResponse(text: string): RawResponse | undefined {
  if (!text.includes('\r\n\r\n')) return undefined;
  const [response] = parseResponses(text);
  if (!response) return undefined;
  const length = response.fields['content-length'];
  if (length !== undefined) return response.body.length >= Number(length) ? response : undefined;
  if (response.fields['transfer-encoding'] !== undefined)
    return text.endsWith('\r\n0\r\n\r\n') ? response : undefined;
  return response.status === 304 || response.status === 204 ? response : undefined;
}
