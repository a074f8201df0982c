// What the edge says to a trace collector, judged by the OpenTelemetry collector's own receiver: it must take every batch, and
// read in it what was meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { goIsMissing } from '../support/go-tool.ts';
import { spansOf, startRealCollector } from '../support/otlp-collector.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

test("the OpenTelemetry collector's receiver takes the spans and reads what was meant", async () => {
  const collector = await startRealCollector();
  assert.ok(collector, goIsMissing);
  const origin = await RecordingOrigin.start();
  const edge = await OwnEdge.create({ config: { tracing: { endpoint: collector.url } } });
  try {
    await edge.start();
    await edge.serve('home', ['blog.localhost'], origin.url);
    const spans = await eventually(
      'spans at the collector',
      () => {
        const found = collector.batches().flatMap(spansOf);
        return found.some(({ kind }) => kind === 2) && found.some(({ kind }) => kind === 3) && found;
      },
      60_000,
    );
    const client = spans.find(({ kind }) => kind === 3)!;
    const server = spans.find(({ spanId }) => spanId === client.parentSpanId)!;
    assert.match(client.traceId, /^[0-9a-f]{32}$/);
    assert.equal(server.traceId, client.traceId);
    const value = (key: string): unknown => server.attributes.find((each) => each.key === key)?.value;
    assert.deepEqual(value('http.request.method'), { stringValue: 'GET' });
    assert.deepEqual(value('http.response.status_code'), { intValue: '200' });
    assert.ok(collector.batches().some((batch) => batch.includes('"service.name"')));
    assert.equal(collector.stderr(), '');
  } finally {
    await edge.close();
    await origin.close();
    await collector.close();
  }
});
