// Looks from where a connector is: what passes between two sessions, under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutsideLook } from '#base/net/outside-look.ts';
import { tunnelWorld } from '#testkit/tunnel-world.ts';
import { encodeFrame, frameTypes } from '#wire/tunnel-frame.ts';
import { encodeProbe } from '#wire/tunnel-probe.ts';
import { maxProbes, type ProbeAnswer, probeFeature, type ProbeRequest } from './probe-exchange.ts';

const request: ProbeRequest = { hostname: 'nas.example.com', port: 443, path: '/x' };
const look: OutsideLook = {
  ...{ stoppedAt: undefined, reason: '', code: '', addresses: ['192.0.2.1'], address: '192.0.2.1' },
  ...{ ms: { dns: 5 }, notBeforeMs: 1, notAfterMs: 2, status: 200, body: 'mark' },
};

/** A connector that looks; each question is answered when the test says so. */
function probeWorld(options: { features?: string[]; onProbe?: boolean } = {}) {
  const asked: ProbeRequest[] = [];
  const answers: ((answer: ProbeAnswer) => void)[] = [];
  const onProbe = (_connection: unknown, question: ProbeRequest): Promise<ProbeAnswer> => {
    asked.push(question);
    return new Promise((resolve) => answers.push(resolve));
  };
  const world = tunnelWorld({
    pair: {
      info: { features: options.features ?? [probeFeature] },
      connectorHandler: options.onProbe === false ? {} : { onProbe },
    },
  });
  const probe = (signal = new AbortController().signal): Promise<OutsideLook> =>
    world.pair.edge.connection!.probe(request, signal);
  /** Lets promises and then the network run. */
  const pass = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      world.clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { ...world, asked, answers, probe, pass };
}

test('a question reaches the connector, and its answer whoever asked, in any order', async () => {
  const { probe, pass, asked, answers } = probeWorld();
  const first = probe();
  const second = probe();
  await pass();
  assert.deepEqual(asked, [request, request]);
  answers[1]!({ look: { ...look, status: 404 } });
  answers[0]!({ look });
  await pass();
  assert.deepEqual([await first, (await second).status], [look, 404]);
});

test('a refusal and a fault come back in words', async () => {
  const { probe, pass, answers } = probeWorld();
  const refused = assert.rejects(probe(), /The connector did not look: Port 22 is none\./);
  await pass();
  answers[0]!({ refused: 'Port 22 is none.' });
  await pass();
  await refused;
});

test('a connector that does not know it is not asked, and one without anybody to look refuses', async () => {
  const old = probeWorld({ features: [] });
  assert.equal(old.pair.edge.connection!.takesProbes, false);
  await assert.rejects(old.probe(), /update it/);
  await old.pass();
  assert.equal(old.pair.edge.closed, undefined);
  const none = probeWorld({ onProbe: false });
  const refused = assert.rejects(none.probe(), /does not look from outside/);
  await none.pass();
  await refused;
});

test('no more than sixteen are under way; who gives up is told, and the late answer skipped', async () => {
  const { probe, pass, answers, pair } = probeWorld();
  const stop = new AbortController();
  const asked = Array.from({ length: maxProbes }, () =>
    assert.rejects(probe(stop.signal), /did not answer in time/),
  );
  await assert.rejects(probe(), /16 looks are under way/);
  await pass();
  stop.abort();
  await Promise.all(asked);
  answers[0]!({ look });
  await pass();
  assert.equal(pair.edge.closed, undefined);
});

test('the end of the connection ends the wait', async () => {
  const { probe, pass, pair } = probeWorld();
  const lost = assert.rejects(probe(), /ended before the connector had looked/);
  await pass();
  pair.connector.connection!.close('shutdown');
  await pass();
  await lost;
});

test('an answer that nobody asked for is a protocol error, one that cannot be read is a failed look', async () => {
  const result = (number: number, value: Record<string, unknown>): Buffer =>
    encodeFrame(frameTypes.PROBE_RESULT, 0, encodeProbe({ number, value }));
  const odd = probeWorld();
  const reason = (): string => odd.pair.edge.closed?.reason ?? '';
  const failed = assert.rejects(odd.probe(), /cannot be read/);
  odd.link.connector.write(result(1, { status: 'good' }), () => {});
  await odd.pass();
  await failed;
  assert.equal(reason(), '');
  odd.link.connector.write(result(7, { refused: 'x' }), () => {});
  await odd.pass();
  assert.equal(reason(), 'protocol-error');
});
