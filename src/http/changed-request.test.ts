import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangedRequest } from './changed-request.ts';
import type { RequestHead } from './exchange.ts';
import { ListFields } from './list-fields.ts';

/** No value is that of an empty head, so that one that is not carried over is noticed. */
const request: RequestHead = {
  method: 'POST',
  scheme: 'http',
  host: 'a.test',
  authority: 'a.test:8080',
  path: '/path',
  query: '?q',
  httpVersion: '2',
  fields: new ListFields(['X-One', '1']),
  bodyKind: 'length',
  contentLength: 7,
  upgrade: 'websocket',
  expectsContinue: true,
  acceptsTrailers: true,
  client: {
    address: '9.9.9.9',
    port: 1,
    peerAddress: '9.9.9.9',
    localAddress: '',
    localPort: 443,
    serverName: '',
  },
  requestId: 'abc',
  startedMs: 5,
};

/** As data without a class, to be compared. */
const plain = (head: RequestHead): unknown => Object.fromEntries(Object.entries(head));

test('a request without changes is the request that it was', () => {
  assert.deepEqual(plain(new ChangedRequest(request, {})), { ...request });
});

test('what is named differs, and nothing else; the request itself stays as it is', () => {
  const before = { ...request };
  const changed = new ChangedRequest(request, { query: '', contentLength: 0, expectsContinue: false });
  assert.deepEqual(plain(changed), { ...request, query: '', contentLength: 0, expectsContinue: false });
  assert.deepEqual({ ...request }, before);
});

test('a changed request can be changed again', () => {
  const changed = new ChangedRequest(new ChangedRequest(request, { path: '/other' }), { query: '?r' });
  assert.deepEqual(plain(changed), { ...request, path: '/other', query: '?r' });
});
