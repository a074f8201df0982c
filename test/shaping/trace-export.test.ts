// Spans on their way from an edge of its own process to a collector: what the collector gets, that a secret goes along, and
// that nobody notices when it is away.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import {
  type OtlpSpan,
  type PlainCollector,
  spansOf,
  startPlainCollector,
} from '../support/otlp-collector.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

/** Batches leave every five seconds. */
const withinMs = 60_000;

function spansAt(collector: PlainCollector): OtlpSpan[] {
  return collector.posts
    .filter(({ headers }) => headers['authorization'] === 'Bearer k3y')
    .flatMap(({ body }) => spansOf(body));
}

test('spans reach the collector of edge.yml with its secret; a collector that is away hurts no request', async () => {
  const [collector, origin] = [await startPlainCollector(), await RecordingOrigin.start()];
  const edge = await OwnEdge.create({
    config: { tracing: { endpoint: collector.url, headersFile: 'otlp-headers' } },
  });
  try {
    writeFileSync(join(edge.folder, 'otlp-headers'), 'Authorization: Bearer k3y\n', { mode: 0o600 });
    await edge.start();
    await edge.serve('home', ['blog.localhost'], origin.url);
    const spans = await eventually(
      'spans of the request',
      () => {
        const found = spansAt(collector);
        return found.some(({ kind }) => kind === 2) && found.some(({ kind }) => kind === 3) && found;
      },
      withinMs,
    );
    const client = spans.find(({ kind, status }) => kind === 3 && status?.code === undefined)!;
    const server = spans.find(({ spanId }) => spanId === client.parentSpanId)!;
    assert.equal(server.traceId, client.traceId);
    assert.equal(server.name, 'GET blog.localhost');
    assert.ok(BigInt(server.endTimeUnixNano) >= BigInt(server.startTimeUnixNano));
    assert.ok(collector.posts.every(({ path }) => path === '/v1/traces'));
    assert.ok(collector.posts.every(({ headers }) => headers['content-type'] === 'application/json'));

    await collector.close();
    for (let i = 0; i < 50; i++) assert.equal(await edge.statusOf('blog.localhost'), 200);
    await edge.says(/do not reach the trace collector/);
    assert.equal(await edge.statusOf('blog.localhost'), 200);
    assert.ok(!edge.running.stderr().includes('k3y'), 'the secret stands in no log');
  } finally {
    await edge.close();
    await origin.close();
  }
});

test('a file of header fields that is none stops a start with a sentence that does not hold the secret', async () => {
  const edge = await OwnEdge.create({
    config: { tracing: { endpoint: 'http://127.0.0.1:9', headersFile: 'f' } },
  });
  try {
    writeFileSync(join(edge.folder, 'f'), 'Bearer k3y\n');
    await assert.rejects(
      edge.start(),
      /Line 1 of .* is no header field for the trace collector; write "Name: value"/,
    );
    assert.ok(!edge.running.stderr().includes('k3y'));
  } finally {
    await edge.close();
  }
});
