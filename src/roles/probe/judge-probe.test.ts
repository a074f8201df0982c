import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutsideLook } from '#base/net/outside-look.ts';
import { judgeProbe, type ProbeFacts } from './judge-probe.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 0, 5);
const answered: OutsideLook = {
  ...{ stoppedAt: undefined, reason: '', code: '', addresses: ['203.0.113.7'], address: '203.0.113.7' },
  ...{ ms: {}, notBeforeMs: nowMs - 30 * dayMs, notAfterMs: nowMs + 60 * dayMs, status: 200, body: '' },
};
const facts: ProbeFacts = {
  ...{ hostname: 'nas.example.com', port: 443, isFromEdge: true, ownAddresses: ['203.0.113.7'] },
  ...{ localAddresses: ['203.0.113.7', '127.0.0.1'], verdict: 'right', nowMs },
};
const stopped = (
  stoppedAt: OutsideLook['stoppedAt'],
  code: string,
  address = '203.0.113.7',
): OutsideLook => ({
  ...{ ...answered, stoppedAt, code, reason: `${code} it is`, status: 0, address },
});
const behindRouter: Partial<ProbeFacts> = { localAddresses: ['192.168.1.2', '127.0.0.1'] };

const rows: readonly (readonly [string, OutsideLook, Partial<ProbeFacts>, string, RegExp])[] = [
  ['it answers', answered, {}, 'ok', /answers at 203/],
  ['no such name', stopped('dns', 'ENOTFOUND', ''), {}, 'dns', /has no address \(ENOTFOUND\)/],
  ['a name of other types', stopped('dns', 'ENODATA', ''), {}, 'dns', /has no address/],
  ['no resolver answers', stopped('dns', 'ETIMEOUT', ''), {}, 'unseen', /No resolver could be asked/],
  ['refused at our address', stopped('connect', 'ECONNREFUSED'), {}, 'refused', /Nothing answers at 203/],
  [
    'refused at another',
    stopped('connect', 'ECONNREFUSED', '198.51.100.9'),
    {},
    'elsewhere',
    /is not this edge/,
  ],
  [
    'refused through our own router',
    stopped('connect', 'ETIMEDOUT'),
    behindRouter,
    'unseen',
    /behind many routers/,
  ],
  [
    'the router itself answers',
    stopped('tls', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    behindRouter,
    'unseen',
    /own address/,
  ],
  [
    'refused for a connector',
    stopped('connect', 'ECONNREFUSED'),
    { ...behindRouter, isFromEdge: false },
    'refused',
    /Nothing answers/,
  ],
  ['an expired certificate', stopped('tls', 'CERT_HAS_EXPIRED'), {}, 'certificate', /Visitors are warned/],
  [
    'a certificate elsewhere',
    stopped('tls', 'ERR_TLS', '198.51.100.9'),
    {},
    'elsewhere',
    /no certificate for it/,
  ],
  ['our addresses are not known', stopped('tls', 'X'), { ownAddresses: [] }, 'certificate', /warned/],
  ['no HTTP behind the certificate', stopped('answer', 'ECONNRESET'), {}, 'elsewhere', /does not answer as/],
  [
    'another server',
    answered,
    { verdict: 'not-ours' },
    'elsewhere',
    /Something else answers at 203.*status 200/,
  ],
  ['another edge', answered, { verdict: 'wrong-holder' }, 'wrong-holder', /has other routes/],
  [
    'it ends soon',
    { ...answered, notBeforeMs: nowMs - 80 * dayMs, notAfterMs: nowMs + 10 * dayMs },
    {},
    'expiring',
    /ends on 2026-01-15/,
  ],
  [
    'a certificate of six days with two left',
    { ...answered, notBeforeMs: nowMs - 4 * dayMs, notAfterMs: nowMs + 2 * dayMs },
    {},
    'ok',
    /answers/,
  ],
];

for (const [name, look, more, outcome, words] of rows) {
  test(`${name}: ${outcome}`, () => {
    const judged = judgeProbe(look, { ...facts, ...more });
    assert.equal(judged.outcome, outcome);
    assert.match(judged.sentence, words);
    assert.equal(judged.cure === '', outcome === 'ok', 'whatever is not well has a cure');
  });
}
