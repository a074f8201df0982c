import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { ProbeOutcome } from '#model/probes/probe.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { collectProbes } from './probe-metrics.ts';
import { Prober, type ProbeFinding } from './prober.ts';

const finding = (outcome: ProbeOutcome): ProbeFinding => ({
  ...{ outcome, sentence: `It is ${outcome}.`, cure: outcome === 'ok' ? '' : 'Mend it.' },
  ...{ addresses: ['192.0.2.1'], address: '192.0.2.1', certificateEndsMs: 1_800_000_000_000 },
  ms: { dns: 12, connect: 3, tls: 20, answer: null },
});

function worldOf(hostnames: readonly string[], places: readonly string[] = ['']) {
  const clock = new FakeClock();
  const world = {
    hostnames,
    places,
    outcome: 'ok' as ProbeOutcome,
    asked: [] as string[],
    under: 0,
    most: 0,
  };
  const prober = new Prober({
    ...{ clock, random: seededRandom(5), log: silentLog },
    hostnames: () => world.hostnames,
    places: () => world.places,
    everyMs: () => 300_000,
    async probe(hostname, from) {
      world.asked.push(`${hostname} ${from}`.trim());
      world.most = Math.max(world.most, ++world.under);
      await Promise.resolve();
      world.under -= 1;
      return finding(world.outcome);
    },
  });
  prober.start();
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.advance(Math.min(1_000, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { world, prober, pass };
}

test('a hostname is looked at some time after it is there, and then again and again', async () => {
  const { world, prober, pass } = worldOf(['nas.example.com']);
  await pass(29_000);
  assert.deepEqual(world.asked, []);
  assert.equal(prober.parts()[0]!.state, 'unknown');
  await pass(32_000);
  assert.deepEqual(world.asked, ['nas.example.com']);
  assert.equal(prober.parts()[0]!.state, 'ok');
  await pass(331_000);
  assert.equal(world.asked.length, 2);
  world.hostnames = [];
  await pass(6_000);
  assert.deepEqual([prober.parts(), prober.results()], [[], []]);
  prober.stop();
});

test('one failure is looked at again before it is believed; while it lasts it is looked at more often', async () => {
  const { world, prober, pass } = worldOf(['nas.example.com']);
  world.outcome = 'refused';
  await pass(61_000);
  assert.deepEqual([prober.parts()[0]!.state, prober.results()[0]!.failures], ['degraded', 1]);
  await pass(35_000);
  assert.deepEqual([prober.parts()[0]!.state, prober.results()[0]!.failures], ['down', 2]);
  world.outcome = 'ok';
  await pass(68_000);
  assert.deepEqual([prober.parts()[0]!.state, prober.results()[0]!.failures], ['ok', 0]);
  prober.stop();
});

test('what cannot be seen is no alarm', async () => {
  const { world, prober, pass } = worldOf(['nas.example.com']);
  world.outcome = 'unseen';
  await pass(700_000);
  assert.equal(prober.parts()[0]!.state, 'unknown');
  assert.equal(world.asked.length, 3);
  prober.stop();
});

test('many hostnames are spread, a few at a time, from every place', async () => {
  const hostnames = Array.from({ length: 60 }, (_, i) => `h${i}.example.com`);
  const { world, prober, pass } = worldOf(hostnames, ['', 'cabin']);
  await pass(30_000);
  assert.equal(world.asked.length, 0);
  for (let second = 0; second < 40; second++) {
    const before: number = world.asked.length;
    await pass(1_000);
    assert.ok(world.asked.length - before <= 4, 'at most four a second');
  }
  assert.equal(new Set(world.asked).size, 120);
  assert.ok(world.most <= 8);
  prober.stop();
});

test('a hostname is looked at on demand, once where two ask; one without a route is none of ours', async () => {
  const { world, prober } = worldOf(['nas.example.com'], ['', 'cabin']);
  const [first, second] = await Promise.all([prober.now('nas.example.com'), prober.now('nas.example.com')]);
  assert.deepEqual(first, second);
  assert.deepEqual(
    first!.map(({ from }) => from),
    ['', 'cabin'],
  );
  assert.equal(world.asked.length, 2);
  assert.equal(await prober.now('tv.example.com'), undefined);
  prober.stop();
});

test('metrics tell success, hops and the end of the certificate', async () => {
  const { prober } = worldOf(['nas.example.com']);
  const metrics = new MetricsRegistry();
  collectProbes(metrics, prober);
  await prober.now('nas.example.com');
  const text = metrics.text();
  assert.match(text, /sallyport_probe_success\{hostname="nas\.example\.com",from="edge"\} 1/);
  assert.match(text, /sallyport_probe_hop_seconds\{.*hop="dns"\} 0\.012/);
  assert.doesNotMatch(text, /hop="answer"/);
  assert.match(text, /sallyport_probe_certificate_end_seconds\{.*\} 1800000000/);
  assert.match(text, /sallyport_probe_total\{outcome="ok"\} 1/);
  prober.stop();
});
