// Reads server-sent events from a Response (HTML Living Standard, 9.2.6): event and data of each, as they come.

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Longest event that is read; the edge sends far shorter ones. */
const longestEvent = 4 * 1024 * 1024;

/** Ends with the stream. */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  let pending = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(chunk, { stream: true });
    const blocks = pending.split('\n\n');
    pending = blocks.pop()!;
    if (pending.length > longestEvent) throw new Error('an event of the stream is too long');
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event.data !== '') yield event;
    }
  }
}

function parseEvent(block: string): ServerEvent {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return { event, data: data.join('\n') };
}
