// The metrics of several processes as those of one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsRegistry } from './metrics.ts';
import { sumExpositions } from './metrics-sum.ts';

function registry(requests: number, delay: number): MetricsRegistry {
  const metrics = new MetricsRegistry();
  metrics.counter('x_requests_total', 'Requests.').with({ path: '/a b' }).add(requests);
  metrics.gauge('x_active', 'Under way.').with({}).set(2);
  metrics.histogram('x_seconds', 'Times.', [1, 5]).with({}).observe(requests);
  metrics.gauge('sallyport_event_loop_delay_seconds', 'Delay.').with({ quantile: '0.99' }).set(delay);
  return metrics;
}

test('counters, histograms and amounts are added up, what is no amount is told by the largest', () => {
  const [a, b] = [registry(3, 0.5), registry(4, 0.25)];
  b.counter('x_other_total', 'Only here.').with({}).add(7);
  const sum = sumExpositions([a.text(), b.text()]);
  const lines = sum.split('\n').filter((line) => !line.startsWith('#'));
  assert.deepEqual(lines, [
    'x_requests_total{path="/a b"} 7',
    'x_active 4',
    'x_seconds_bucket{le="1"} 0',
    'x_seconds_bucket{le="5"} 2',
    'x_seconds_bucket{le="+Inf"} 2',
    'x_seconds_sum 7',
    'x_seconds_count 2',
    'sallyport_event_loop_delay_seconds{quantile="0.99"} 0.5',
    'x_other_total 7',
    '',
  ]);
  assert.equal(sum.match(/^# TYPE /gm)!.length, 5, 'each family has one head');
});

test('the sum of one is itself', () => {
  const text = registry(3, 0.5).text();
  assert.equal(sumExpositions([text]), text);
});
