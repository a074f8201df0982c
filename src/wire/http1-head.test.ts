// Every head that must be refused, every split, every limit; and what of a head is passed on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Http1Error } from './http1-error.ts';
import { findHeadEnd } from './http1-head-end.ts';
import { Http1Head } from './http1-head.ts';
import { parseRequestHead, parseResponseHead } from './http1-start-line.ts';

const limits = { headBytes: 1024, targetBytes: 256, fields: 16 };

/** Reads a request as the edge does: finds the end, then parses. */
function read(text: string, scannedTo = 0): Http1Head {
  const source = Buffer.from(text, 'latin1');
  const end = findHeadEnd(source, 0, scannedTo, limits);
  assert.ok(end > 0, 'the head is complete');
  const head = new Http1Head(limits);
  parseRequestHead(head, source, 0);
  assert.equal(head.end, end);
  return head;
}

function request(lines: string, start = 'GET / HTTP/1.1'): string {
  return `${start}\r\nHost: a\r\n${lines}\r\n`;
}

function response(text: string): Http1Head {
  const head = new Http1Head({ ...limits, targetBytes: 0 });
  parseResponseHead(head, Buffer.from(text, 'latin1'), 0);
  return head;
}

function forwarded(head: Http1Head): string {
  const out = Buffer.alloc(8_192);
  return out.toString('latin1', 0, head.writeEndToEnd(out, 0));
}

function kindOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Http1Error, String(error));
    return error.kind;
  }
  return 'accepted';
}

/** [what, bytes, kind of refusal]; the list of issue 2 section 4 and the relatives of its members. */
const refused: ReadonlyArray<readonly [string, string, string?]> = [
  ['both framings', request('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')],
  ['both framings, the other way round', request('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  ['two lengths', request('Content-Length: 5\r\nContent-Length: 6\r\n')],
  ['the same length twice', request('Content-Length: 5\r\nContent-Length: 5\r\n')],
  ['a list of lengths', request('Content-Length: 5, 5\r\n')],
  ['a signed length', request('Content-Length: +5\r\n')],
  ['a negative length', request('Content-Length: -5\r\n')],
  ['a hexadecimal length', request('Content-Length: 0x5\r\n')],
  ['a length in two words', request('Content-Length: 5 5\r\n')],
  ['an empty length', request('Content-Length:\r\n')],
  ['a length beyond 2^53', request('Content-Length: 9999999999999999\r\n')],
  ['two codings', request('Transfer-Encoding: gzip, chunked\r\n'), 'not-implemented'],
  ['an unknown coding', request('Transfer-Encoding: xchunked\r\n'), 'not-implemented'],
  ['chunked with a vertical tab', request('Transfer-Encoding: \x0bchunked\r\n')],
  ['chunked in quotes', request('Transfer-Encoding: "chunked"\r\n')],
  ['chunked twice', request('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')],
  ['an empty coding', request('Transfer-Encoding:\r\n')],
  ['a coding after a comma', request('Transfer-Encoding: ,chunked\r\n')],
  ['a folded coding', request('Transfer-Encoding:\r\n chunked\r\n')],
  ['chunks in HTTP/1.0', request('Transfer-Encoding: chunked\r\n', 'POST / HTTP/1.0')],
  ['no Host', 'GET / HTTP/1.1\r\nX: y\r\n\r\n'],
  ['two Hosts', request('Host: b\r\n')],
  ['the same Host twice', request('hOST: a\r\n')],
  ['two expectations', request('Expect: 100-continue\r\nExpect: 100-continue\r\n')],
  ['two upgrades', request('Upgrade: a\r\nUpgrade: b\r\n')],
  ['a folded line', request('X: a\r\n b\r\n')],
  ['a folded line by tab', request('X: a\r\n\tb\r\n')],
  ['a folded first line', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a bare LF at the end of a line', request('X: a\nY: b\r\n')],
  ['a bare LF at the end of the start line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare CR in a value', request('X: a\rb\r\n')],
  ['a bare CR at the start of a line', request('\rX: a\r\n')],
  ['a bare CR in the start line', 'GET / HTTP/1.1\rX\r\nHost: a\r\n\r\n'],
  ['NUL in a value', request('X: a\0b\r\n')],
  ['NUL in a name', request('X\0Y: a\r\n')],
  ['a control byte in a value', request('X: a\x01\r\n')],
  ['DEL in a value', request('X: a\x7f\r\n')],
  ['a space before the colon', request('X : a\r\n')],
  ['a tab before the colon', request('Content-Length\t: 5\r\n')],
  ['an empty name', request(': a\r\n')],
  ['a line without a colon', request('X\r\n')],
  ['a name that is no token', request('X(: a\r\n')],
  ['a name with a letter beyond ASCII', request('X\xe9: a\r\n')],
  ['no version', 'GET /\r\nHost: a\r\n\r\n'],
  ['HTTP/2.0', request('', 'GET / HTTP/2.0'), 'http-version'],
  ['HTTP/1.2', request('', 'GET / HTTP/1.2'), 'http-version'],
  ['HTTP/0.9', request('', 'GET / HTTP/0.9'), 'http-version'],
  ['HTTP/1.10', request('', 'GET / HTTP/1.10')],
  ['HTTP/01.1', request('', 'GET / HTTP/01.1')],
  ['http/1.1', request('', 'GET / http/1.1')],
  ['a lower-case method', request('', 'get / HTTP/1.1')],
  ['a method that is no token', request('', 'G(T / HTTP/1.1')],
  ['no method', request('', ' / HTTP/1.1')],
  ['a method of 33 letters', request('', `${'M'.repeat(33)} / HTTP/1.1`)],
  ['two spaces before the target', request('', 'GET  / HTTP/1.1')],
  ['a tab before the target', request('', 'GET\t/ HTTP/1.1')],
  ['two spaces after the target', request('', 'GET /  HTTP/1.1')],
  ['a space at the end of the start line', request('', 'GET / HTTP/1.1 ')],
  ['a space in the target', request('', 'GET /a b HTTP/1.1')],
  ['a fragment', request('', 'GET /a#b HTTP/1.1')],
  ['a raw byte beyond ASCII in the target', request('', 'GET /\xe9 HTTP/1.1')],
  ['NUL in the target', request('', 'GET /\0 HTTP/1.1')],
];

describe('a request head is refused for', () => {
  for (const [what, bytes, kind = 'bad-request'] of refused) {
    test(what, () =>
      assert.equal(
        kindOf(() => read(bytes)),
        kind,
      ),
    );
  }
});

describe('limits', () => {
  test('the target: at the limit and one past it', () => {
    const fits = `/${'a'.repeat(limits.targetBytes - 1)}`;
    assert.equal(read(request('', `GET ${fits} HTTP/1.1`)).target, fits);
    assert.equal(
      kindOf(() => read(request('', `GET ${fits}a HTTP/1.1`))),
      'uri-too-long',
    );
    assert.equal(
      kindOf(() => read(request('', `GET /${'a'.repeat(5000)} HTTP/1.1`))),
      'uri-too-long',
    );
  });

  test('the number of fields: at the limit and one past it', () => {
    const fields = (count: number): string =>
      Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('');
    assert.equal(read(request(fields(limits.fields - 1))).count, limits.fields);
    assert.equal(
      kindOf(() => read(request(fields(limits.fields)))),
      'headers-too-large',
    );
  });

  test('the whole head: at the limit and one past it, complete or not', () => {
    const fill = limits.headBytes - request('X: \r\n').length;
    assert.equal(read(request(`X: ${'a'.repeat(fill)}\r\n`)).end, limits.headBytes);
    assert.equal(
      kindOf(() => read(request(`X: ${'a'.repeat(fill + 1)}\r\n`))),
      'headers-too-large',
    );
    const endless = Buffer.from(`GET / HTTP/1.1\r\nX: ${'a'.repeat(limits.headBytes)}`);
    assert.equal(
      kindOf(() => findHeadEnd(endless, 0, 0, limits)),
      'headers-too-large',
    );
  });

  test('a length of fifteen digits is one', () => {
    assert.equal(read(request('Content-Length: 999999999999999\r\n')).contentLength, 999_999_999_999_999);
    assert.equal(read(request('Content-Length: \t007 \r\n')).contentLength, 7);
  });
});

describe('pieces', () => {
  const whole = 'POST /a?b HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\nContent-Length: 3\r\n\r\n';

  test('every truncation is incomplete, never an error', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(findHeadEnd(Buffer.from(whole.slice(0, length)), 0, 0, limits), -1);
    }
  });

  test('the end is found wherever the bytes were split', () => {
    const bytes = Buffer.from(whole);
    for (let split = 0; split <= whole.length; split++)
      assert.equal(findHeadEnd(bytes, 0, split === whole.length ? 0 : split, limits), whole.length);
  });

  test('a bare LF is noticed before the head is complete', () => {
    for (const text of ['\n', 'GET / HTTP/1.1\n', 'GET / HTTP/1.1\r\nX: y\n'])
      assert.equal(
        kindOf(() => findHeadEnd(Buffer.from(text), 0, 0, limits)),
        'bad-request',
      );
  });

  test('offsets do not matter, and what follows is left alone', () => {
    const source = Buffer.from(`\n\n\n${whole}abcGET /`);
    assert.equal(findHeadEnd(source, 3, 3, limits), 3 + whole.length);
    const head = new Http1Head(limits);
    parseRequestHead(head, source, 3);
    assert.deepEqual(
      [head.method, head.target, head.contentLength, head.end, head.get('x-y')],
      ['POST', '/a?b', 3, 3 + whole.length, 'z'],
    );
  });

  test('few fields or as many as may come, in any order of messages', () => {
    const head = new Http1Head({ headBytes: 8_192, targetBytes: 256, fields: 200 });
    for (const count of [3, 24, 25, 200, 1, 49]) {
      const lines = Array.from({ length: count - 1 }, (_, i) => `X-${i}: ${i}\r\n`).join('');
      parseRequestHead(head, Buffer.from(request(lines)), 0);
      assert.equal(head.count, count);
      if (count > 1) assert.equal(head.get(`x-${count - 2}`), String(count - 2));
      assert.equal(forwarded(head), lines);
    }
    const lines = Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}\r\n`).join('');
    assert.equal(
      kindOf(() => parseRequestHead(head, Buffer.from(request(lines)), 0)),
      'headers-too-large',
    );
  });

  test('one object reads one message after another', () => {
    const head = new Http1Head(limits);
    parseRequestHead(
      head,
      Buffer.from(
        request('Transfer-Encoding: chunked\r\nConnection: close, upgrade\r\nUpgrade: x\r\nTE: trailers\r\n'),
      ),
      0,
    );
    assert.deepEqual([head.isChunked, head.isClose, head.isConnectionUpgrade], [true, true, true]);
    parseRequestHead(head, Buffer.from(request('')), 0);
    assert.deepEqual(
      [head.isChunked, head.isClose, head.isConnectionUpgrade, head.upgradeIndex, head.teIndex, head.count],
      [false, false, false, -1, -1, 1],
    );
  });
});

describe('a field is found', () => {
  test('by its name, whatever the length, and not by another of that length', () => {
    // 3, 35 and 67 share a bit in the memory of which lengths there are.
    const names = ['abc', 'b'.repeat(35), 'c'.repeat(67), 'd'.repeat(32), 'e'];
    const head = read(request(names.map((name, i) => `${name}: ${i}\r\n`).join('')));
    for (const [i, name] of names.entries()) assert.equal(head.get(name), String(i));
    for (const name of ['abd', 'x'.repeat(35), 'x'.repeat(64), 'f', 'ab'])
      assert.equal(head.get(name), undefined);
    parseRequestHead(head, Buffer.from(request('')), 0);
    for (const name of names) assert.equal(head.get(name), undefined);
    assert.equal(head.get('host'), 'a');
  });

  test('with a value, to the letter', () => {
    const head = read(request('One: keep-alive\r\nTwo: \xe9\r\nNone:\r\n'));
    assert.deepEqual(
      ['keep-alive', 'Keep-alive', 'keep-aliv', 'keep-alive2', ''].map((text) => head.hasValue(1, text)),
      [true, false, false, false, false],
    );
    assert.ok(head.hasValue(2, '\xe9'));
    assert.ok(head.hasValue(3, ''));
  });
});

describe('what is passed on', () => {
  test('untouched lines stay byte for byte and in order', () => {
    const lines =
      'x-CASE:   spaced\t out  \r\nAccept: */*\r\nX-Obs: \xe9\r\nCookie: a=b; c="d"\r\nEmpty:\r\n';
    assert.equal(forwarded(read(request(lines))), lines);
  });

  test('nothing that names the client, in any spelling (~40 names)', () => {
    const names = [
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'X-Forwarded-Prefix',
      'X-Forwarded-Server',
      'X-Forwarded-Scheme',
      'X-Forwarded-Ssl',
      'X-Forwarded-Uri',
      'X-Forwarded-By',
      'X-Forwarded-User',
      'X-Forwarded-Email',
      'X-Forwarded-Groups',
      'X-Forwarded-Method',
      'X-Forwarded',
      'X-Forwarded-Client-Cert',
      'X-Forwarded-Tls-Client-Cert',
      'Forwarded',
      'X-Real-IP',
      'X-Client-IP',
      'True-Client-IP',
      'Fastly-Client-IP',
      'X-Cluster-Client-IP',
      'Client-IP',
      'X-Remote-IP',
      'X-Remote-Addr',
      'X-Originating-IP',
      'CF-Connecting-IP',
      'CF-Connecting-IPv6',
      'CF-Pseudo-IPv4',
      'CF-IPCountry',
      'CF-Visitor',
      'CF-Ray',
      'CF-Access-Jwt-Assertion',
      'CF-Access-Authenticated-User-Email',
      'CF-Access-Client-Id',
      'CF-Warp-Tag-Id',
      'Cf-Cloudflared-Proxy-Connection-Upgrade',
      'X-Original-URL',
      'X-Original-Host',
      'X-Original-Forwarded-For',
      'X-Rewrite-URL',
      'X-Request-Id',
      'X-Sallyport-User',
    ];
    assert.ok(names.length >= 40);
    for (const name of names) {
      for (const spelling of [
        name,
        name.toLowerCase(),
        name.toUpperCase(),
        name.replaceAll('-', '_'),
        name.replaceAll('-', '.'),
        name.replace('-', '_').toLowerCase(),
      ]) {
        const single = read(request(`${spelling}: evil\r\nAccept: a\r\n`));
        assert.equal(forwarded(single), 'Accept: a\r\n', spelling);
        const doubled = read(request(`${spelling}: evil\r\nAccept: a\r\n${spelling}: evil\r\n`));
        assert.equal(forwarded(doubled), 'Accept: a\r\n', spelling);
        const named = read(request(`Connection: ${spelling}, close\r\n${spelling}: evil\r\nAccept: a\r\n`));
        assert.equal(forwarded(named), 'Accept: a\r\n', spelling);
      }
    }
  });

  test('nothing that is hop-by-hop, and nothing that Connection names', () => {
    const lines =
      'Keep-Alive: 5\r\nProxy-Connection: close\r\nProxy-Authorization: Basic eA==\r\nProxy: evil\r\nTE: gzip\r\n' +
      'Upgrade: h2c\r\nHTTP2-Settings: x\r\nX-Hop: 1\r\nx-other: 2\r\nAccept: a\r\n' +
      'Connection: X-Hop\r\nconnection: keep-alive ,  X-OTHER,,\r\n';
    const head = read(request(lines));
    assert.equal(forwarded(head), 'Accept: a\r\n');
    assert.equal(head.isKeepAlive, true);
  });

  test('Connection cannot take away what the edge itself must see', () => {
    const head = read(
      request(
        'Connection: Host, Content-Length, X-Forwarded-For, CDN-Loop\r\nContent-Length: 3\r\nCDN-Loop: x\r\n',
      ),
    );
    assert.equal(head.contentLength, 3);
    assert.equal(head.value(head.hostIndex), 'a');
    assert.equal(head.value(head.cdnLoopIndex), 'x');
  });

  test('names with underscores or dots never, of responses always', () => {
    assert.equal(forwarded(read(request('a_b: 1\r\na.b: 2\r\nAccept: a\r\n'))), 'Accept: a\r\n');
    const lines = 'a_b: 1\r\nServer: x\r\nX-Request-Id: 7\r\nHost: x\r\n';
    assert.equal(forwarded(response(`HTTP/1.1 200 OK\r\n${lines}X-Sallyport-Error: fake\r\n\r\n`)), lines);
  });
});

describe('a response head', () => {
  test('has a status, a version and a framing', () => {
    const head = response('HTTP/1.0 404 Not here\r\nContent-Length: 5\r\n\r\n');
    assert.deepEqual([head.status, head.minorVersion, head.contentLength], [404, 0, 5]);
    assert.equal(response('HTTP/1.1 200\r\n\r\n').status, 200);
    assert.equal(response('HTTP/1.1 200 \r\n\r\n').status, 200);
    assert.equal(response('HTTP/1.1 299 \xe9t\xe9\r\n\r\n').status, 299);
  });

  for (const bytes of [
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 099 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 200 O\0K\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n',
    'HTTP/1.1 200 OK\nX: a\r\n\r\n',
  ]) {
    test(`is refused: ${JSON.stringify(bytes)}`, () =>
      assert.notEqual(
        kindOf(() => response(bytes)),
        'accepted',
      ));
  }
});
