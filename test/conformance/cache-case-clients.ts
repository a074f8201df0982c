// Clients for the cache cases: HTTP/1.1 as raw bytes, and HTTP/2.
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import { within } from '../support/eventually.ts';
import { openRaw, parseResponses, type RawTarget } from '../support/raw-client.ts';
import type { CaseAnswer, CaseAsk, CaseClient } from './cache-case-runner.ts';

const answerMs = 20_000;

/** Each question on a connection of its own. */
export function http1CaseClient(target: RawTarget, host: string): CaseClient {
  return async (ask) => {
    const connection = await openRaw(target);
    const fields = ask.fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const length = ask.body === undefined ? '' : `Content-Length: ${Buffer.byteLength(ask.body)}\r\n`;
    connection.send(
      `${ask.method} ${ask.target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${fields}${length}\r\n${ask.body ?? ''}`,
    );
    const ended = Promise.race([once(connection.socket, 'end'), once(connection.socket, 'close')]);
    await within(
      'the answer',
      answerMs,
      ended.catch(() => undefined),
    ).finally(() => connection.close());
    const all = parseResponses(connection.text, ask.method === 'HEAD');
    const final = all.find(({ status }) => status >= 200);
    if (final === undefined) throw new Error(`no answer: ${JSON.stringify(connection.text.slice(0, 200))}`);
    return { ...final, interim: all.filter(({ status }) => status < 200) };
  };
}

/** All questions on one connection. */
export function http2CaseClient(port: number, host: string, ca: string): CaseClient & { close(): void } {
  const session = connect(`https://${host}:${port}`, {
    ca,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never, 4),
  });
  session.on('error', () => undefined);
  return Object.assign((ask: CaseAsk) => within('the answer', answerMs, askHttp2(session, host, ask)), {
    close: () => session.close(),
  });
}

/** Node refuses to send some fields on two lines; one line with both values means the same. */
function inNodesWay(fields: CaseAsk['fields']): Array<readonly [string, string]> {
  const out: Array<readonly [string, string]> = [];
  for (const [given, value] of fields) {
    const name = given.toLowerCase();
    const at = name === 'if-none-match' ? out.findIndex(([other]) => other === name) : -1;
    if (at < 0) out.push([name, value.trim()]);
    else out[at] = [name, `${out[at]![1]}, ${value.trim()}`];
  }
  return out;
}

function askHttp2(session: ReturnType<typeof connect>, host: string, ask: CaseAsk): Promise<CaseAnswer> {
  const headers: string[] = [
    ':method',
    ask.method,
    ':path',
    ask.target,
    ':scheme',
    'https',
    ':authority',
    host,
  ];
  for (const [name, value] of inNodesWay(ask.fields)) headers.push(name, value);
  const stream = session.request(headers as never, { endStream: ask.body === undefined });
  if (ask.body !== undefined) stream.end(ask.body);
  const interim: Array<{ status: number; fields: Record<string, string> }> = [];
  return new Promise((resolve, reject) => {
    let head: IncomingHttpHeaders | undefined;
    const chunks: Buffer[] = [];
    stream.on('headers', (fields: IncomingHttpHeaders) => {
      interim.push({ status: Number(fields[':status']), fields: flat(fields) });
    });
    stream.on('response', (fields: IncomingHttpHeaders) => (head = fields));
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (!head) return reject(new Error(`closed with code ${stream.rstCode}`));
      const body = Buffer.concat(chunks).toString('latin1');
      resolve({ status: Number(head[':status']), fields: flat(head), body, interim });
    });
  });
}

function flat(fields: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  );
}
