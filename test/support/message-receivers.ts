// Receivers of messages as their makers document them, each strict: what its page does not allow is refused with the answer
// that the real one gives. One HTTP server for all; who speaks is told by the path.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TakenMessage {
  readonly by: 'webhook' | 'ntfy' | 'telegram' | 'matrix' | 'slack';
  /** What a person would read. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export const botToken = '123456:AbCdEfGhIjKlMnOpQrSt';
export const matrixToken = 'syt_a_secret_of_matrix';
export const ntfyToken = 'tk_a_secret_of_ntfy';
export const ntfyTopic = 'home-9f2c61d4';
export const slackPath = '/services/T000/B000/a-secret-of-slack';
export const webhookPath = '/hook/a-secret-of-the-webhook';
export const room = '!abcdef:matrix.test';

/** Clocks of the two sides may differ by so much (Standard Webhooks: five minutes). */
const maxSkewS = 300;

/** Starts one on a free port of loopback; `signingKey` is asked for when a webhook comes. */
export async function startReceivers(signingKey: () => string) {
  const taken: TakenMessage[] = [];
  const seen = new Set<string>();
  /** What the next request is answered, instead of being read. */
  let refusals: { status: number; body: string }[] = [];
  const server = createServer((request, response) => {
    void readJson(request).then(({ text, body }) => {
      const answer = refusals.shift() ?? judge(request, text, body);
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    taken,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (...answers: typeof refusals) => void (refusals = answers),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  function judge(
    request: IncomingMessage,
    raw: string,
    body: Record<string, unknown> | undefined,
  ): { status: number; body: string } {
    const url = request.url ?? '';
    const no = (status: number, why: string) => ({ status, body: JSON.stringify({ ok: false, error: why }) });
    if (request.headers['content-type'] !== 'application/json' || !body) return no(415, 'no JSON');
    const take = (by: TakenMessage['by'], text: unknown, answer: object | string) => {
      taken.push({ by, text: String(text), body });
      return { status: 200, body: typeof answer === 'string' ? answer : JSON.stringify(answer) };
    };
    if (url === webhookPath && request.method === 'POST') {
      const id = String(request.headers['webhook-id'] ?? '');
      const at = String(request.headers['webhook-timestamp'] ?? '');
      if (seen.has(id) || Math.abs(Date.now() / 1000 - Number(at)) > maxSkewS) return no(409, 'old');
      const key = Buffer.from(signingKey().replace(/^whsec_/, ''), 'base64');
      const right = createHmac('sha256', key).update(`${id}.${at}.${raw}`).digest();
      const [version, given] = String(request.headers['webhook-signature'] ?? '').split(',');
      const mine = Buffer.from(given ?? '', 'base64');
      if (version !== 'v1' || mine.length !== right.length || !timingSafeEqual(mine, right))
        return no(401, 'signature');
      seen.add(id);
      return take('webhook', (body['data'] as { subject: string }).subject, '');
    }
    if (url === '/' && request.method === 'POST') {
      if (request.headers.authorization !== `Bearer ${ntfyToken}`) return no(403, 'forbidden');
      const { topic, title, message, priority, tags } = body;
      if (topic !== ntfyTopic || typeof title !== 'string' || typeof message !== 'string')
        return no(400, 'topic, title or message');
      if (!Number.isInteger(priority) || Number(priority) < 1 || Number(priority) > 5 || !Array.isArray(tags))
        return no(400, 'priority or tags');
      return take('ntfy', title, { id: 'x', event: 'message', topic });
    }
    if (url === `/bot${botToken}/sendMessage` && request.method === 'POST') {
      const { chat_id: chat, text } = body;
      if (chat !== '-100123') return no(400, 'Bad Request: chat not found');
      if (typeof text !== 'string' || text.length === 0 || text.length > 4096)
        return no(400, 'Bad Request: message text is empty or too long');
      return take('telegram', text, { ok: true, result: { message_id: 1 } });
    }
    const matrix = /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/send\/m\.room\.message\/([^/]+)$/.exec(url);
    if (matrix && request.method === 'PUT') {
      if (request.headers.authorization !== `Bearer ${matrixToken}`)
        return { status: 401, body: '{"errcode":"M_UNKNOWN_TOKEN","error":"no"}' };
      if (decodeURIComponent(matrix[1]!) !== room) return { status: 403, body: '{"errcode":"M_FORBIDDEN"}' };
      if (body['msgtype'] !== 'm.text' || typeof body['body'] !== 'string') return no(400, 'M_BAD_JSON');
      if (!seen.has(matrix[2]!)) take('matrix', body['body'], '');
      seen.add(matrix[2]!);
      return { status: 200, body: JSON.stringify({ event_id: `$${matrix[2]}` }) };
    }
    if (url === slackPath && request.method === 'POST') {
      if (typeof body['text'] !== 'string') return { status: 400, body: 'no_text' };
      return take('slack', body['text'], 'ok');
    }
    return no(404, `nothing at ${request.method} ${url}`);
  }
}

async function readJson(
  request: IncomingMessage,
): Promise<{ text: string; body: Record<string, unknown> | undefined }> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request as AsyncIterable<string>) text += chunk;
  try {
    return { text, body: JSON.parse(text) as Record<string, unknown> };
  } catch {
    return { text, body: undefined };
  }
}
