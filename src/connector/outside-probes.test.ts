import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeRequest } from '#tunnel/exchanges/probe-exchange.ts';
import { OutsideProbes } from './outside-probes.ts';

const request: ProbeRequest = {
  ...{ hostname: 'nas.example.com', port: 443 },
  path: '/.well-known/sallyport/probe/0123456789abcdef0123456789abcdef',
};

const probesAt = (addresses: readonly string[], edgeEndpoints: readonly string[] = []): OutsideProbes =>
  new OutsideProbes({
    ...{ resolve: () => Promise.resolve(addresses), nowMs: () => 0 },
    ...{ edgePort: () => 8443, edgeEndpoints: () => edgeEndpoints },
  });

const refusal = async (change: Partial<ProbeRequest>): Promise<string> => {
  const answer = await probesAt([]).look({ ...request, ...change });
  return 'refused' in answer ? answer.refused : '';
};

test('only an edge’s mark is asked for, at 443 or the edge’s port', async () => {
  assert.match(await refusal({ path: '/admin' }), /not the path of a probe/);
  assert.match(await refusal({ path: `${request.path}/../x` }), /not the path of a probe/);
  assert.match(await refusal({ port: 22 }), /neither 443 nor the edge's/);
  assert.equal(await refusal({ port: 8443 }), '', 'the edge’s port is looked at');
});

test('an edge cannot have a connector look around at home', async () => {
  const inside = [
    '192.168.1.1',
    '10.0.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '::1',
    'fd00::1',
    '::ffff:192.168.1.1',
  ];
  for (const address of inside) {
    const answer = await probesAt([address]).look(request);
    assert.ok('look' in answer);
    assert.equal(answer.look.stoppedAt, 'connect');
    assert.match(answer.look.reason, /of a private network, and not where the edge is/, address);
    assert.deepEqual([answer.look.address, answer.look.addresses], ['private', ['private']]);
    assert.ok(!JSON.stringify(answer).includes(address), 'which it is stays at home');
  }
});

test('where the edge itself is in that network, its own address is looked at', async () => {
  const answer = await probesAt(['127.0.0.1'], ['[::1]:9', '127.0.0.1:8443']).look({
    ...request,
    port: 8443,
  });
  assert.ok('look' in answer);
  assert.doesNotMatch(answer.look.reason, /private network/);
});
