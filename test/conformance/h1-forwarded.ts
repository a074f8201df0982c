// What our edge forwards for each probe that it forwards at all, byte for byte, reviewed by eye. A probe that is not
// named here must not reach the origin. `{id}`, `{loop}` and `{port}` stand for what differs from run to run.

interface Forwarded {
  /** End-to-end fields, which go before the edge's own. */
  readonly fields?: string;
  /** Canonical authority. */
  readonly host?: string;
  /** Framing and upgrade, which go after. */
  readonly framing?: string;
  readonly body?: string;
}

function request(line: string, parts: Forwarded = {}): string {
  const host = parts.host ?? 'a.example';
  const own =
    'X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nCF-Connecting-IP: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n' +
    `X-Forwarded-Host: ${host}\r\nX-Request-Id: {id}\r\nCDN-Loop: {loop}\r\n`;
  const head = `${line} HTTP/1.1\r\nHost: ${host}\r\n${parts.fields ?? ''}${own}${parts.framing ?? ''}`;
  return `${head}\r\n${parts.body ?? ''}`;
}

const plainGet = request('GET /');
const chunked = { framing: 'Transfer-Encoding: chunked\r\n', body: '5\r\nabcde\r\n0\r\n\r\n' };
const counted = { framing: 'Content-Length: 5\r\n', body: 'abcde' };

/** Probe name to the bytes that reach the origin, as latin1. */
export const forwardedBytes: Readonly<Record<string, string>> = {
  // A body is framed anew, without chunk extensions.
  'OPTIONS TE.0 body': request('OPTIONS /', chunked),
  'chunk ext ;a=b': request('POST /', chunked),
  'GET with CL body': request('GET /', counted),
  'Expect: 100-continue': request('POST /', {
    framing: 'Content-Length: 5\r\nExpect: 100-continue\r\n',
    body: 'abcde',
  }),
  // Identities that a stranger states, hop-by-hop fields and what Connection names are gone.
  'underscore header': plainGet,
  'Connection: X-Real-IP (hop strip)': plainGet,
  'Connection: host': plainGet,
  'XFF spoof': plainGet,
  'Upgrade h2c': plainGet,
  'Upgrade w/o Connection': plainGet,
  // The handshake's version is the origin's to judge.
  'Upgrade websocket bad ver': request('GET /', {
    fields: 'Sec-WebSocket-Version: 777\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    framing: 'Connection: Upgrade\r\nUpgrade: websocket\r\n',
  }),
  // One canonical host and path.
  'Host UPPER + dot + port': request('GET /', { host: 'a.example:28041' }),
  'path //x/../y': request('GET /y'),
  '8-bit value': request('GET /', { fields: 'X: \xff\xfe\r\n' }),
  'unknown method FOO': request('FOO /'),
  'pipelined 2': request('GET /1') + request('GET /2'),
  'Range 0-0 x 1000': request('GET /', { fields: 'Range: {7785 bytes of ranges}\r\n' }),
};
