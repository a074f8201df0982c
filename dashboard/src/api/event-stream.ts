// Server-sent events out of an answer's body (HTML standard, section 9.2.6), as far as the API uses them: `event`, `data`
// and comments. Read by fetch instead of EventSource, so that a refusal is a problem with words and not a bare error.

/** One event. */
export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
}

/** Longest event that is taken; a stream that sends more without an end is broken. */
const longestEventChars = 1_000_000;

/** Splits text that comes in pieces into events; comments only tell that the stream lives. */
export class EventStreamReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** The events that `text` completes. */
  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    if (this.#rest.length > longestEventChars) throw new Error('The stream of events is broken.');
    for (const line of lines) {
      if (line !== '') this.#take(line);
      else if (this.#data.length > 0) {
        events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
        this.#data = [];
        this.#event = '';
      }
    }
    return events;
  }

  #take(line: string): void {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
  }
}

/** Reads a stream to its end; `onAlive` hears of every piece, comments too. */
export async function readEvents(
  response: Response,
  onEvent: (event: StreamEvent) => void,
  onAlive: () => void = () => {},
): Promise<void> {
  const reader = new EventStreamReader();
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    onAlive();
    for (const event of reader.push(decoder.decode(piece, { stream: true }))) onEvent(event);
  }
}
