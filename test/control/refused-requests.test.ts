// Requests that the API refuses before it has read them, through a real edge: the answer arrives, as a problem, and never as
// the edge's own 502.
import assert from 'node:assert/strict';
import { request as requestHttps } from 'node:https';
import { after, before, test } from 'node:test';
import type { Problem } from '#api/problem.ts';
import { within } from '../support/eventually.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { OwnEdge } from '../support/own-edge.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly allow: string;
  readonly body: Problem;
}

let edge: OwnEdge;
before(async () => {
  edge = await OwnEdge.start();
});
after(() => edge?.close());

function send(method: string, path: string, body: Buffer, type = 'application/json'): Promise<Answer> {
  const headers = { 'content-type': type, 'content-length': body.length };
  const answer = new Promise<Answer>((resolve, reject) => {
    const outgoing = requestHttps(
      `${edge.url}/api/v1${path}`,
      { method, headers, ca: edge.ca, lookup: loopbackLookup, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            allow: response.headers.allow ?? '',
            body: JSON.parse(Buffer.concat(chunks).toString()) as Problem,
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  return within(`${method} ${path} is answered`, 30_000, answer);
}

/** More than any buffer on the way holds, so that it cannot have been sent whole when the answer is ready. */
const large = Buffer.alloc(8 * 1024 * 1024, ' ');

test('a large body that is not read does not cost the answer: not signed in, no JSON, no such path', async () => {
  for (let round = 0; round < 5; round += 1) {
    const nobody = await send('POST', '/lab/apply', large);
    assert.deepEqual([nobody.status, nobody.body.code], [401, 'unauthenticated']);
    const noJson = await send('POST', '/sign-in/password', large, 'text/plain');
    assert.deepEqual([noJson.status, noJson.body.code], [415, 'media-type-unsupported']);
    const nowhere = await send('POST', '/nowhere', large);
    assert.deepEqual([nowhere.status, nowhere.body.code], [404, 'not-found']);
  }
});

test('a body that is too long is told so', async () => {
  const tooLong = await send('POST', '/sign-in/password', Buffer.alloc(11 * 1024 * 1024, ' '));
  assert.deepEqual([tooLong.status, tooLong.body.code], [413, 'limit-exceeded']);
});

test('a method that the path does not take, and one that nobody knows, are told which there are', async () => {
  const other = await send('DELETE', '/sign-in/password', Buffer.alloc(0));
  assert.deepEqual([other.status, other.allow, other.body.code], [405, 'POST', 'method-not-allowed']);
  const query = await send('QUERY', '/sign-in/password', large);
  assert.deepEqual([query.status, query.body.code], [405, 'method-not-allowed']);
  const unheard = await send('FETCH', '/sign-in/password', Buffer.alloc(0));
  assert.deepEqual([unheard.status, unheard.body.code], [405, 'method-not-allowed']);
  assert.match(unheard.allow, /^GET, HEAD, POST/);
});
