// The thin line: hostnames planned, applied to a real Knot over RFC 2136, seen in its answers, and pruned again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { applySteps } from '#dns/plan/apply-plan.ts';
import { plan, type PlanStep } from '#dns/plan/plan.ts';
import { requireWhole, Surveyor } from '#dns/plan/survey.ts';
import { Rfc2136Provider } from '#dns/provider/rfc2136.ts';
import { recordSet } from '#model/dns/record-set.ts';
import { at, keyName, type NameServer, startNameServer } from '../support/dns-servers.ts';
import { run } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 7).toString('base64');
const noSignal = new AbortController().signal;
let knot: NameServer;
let provider: Rfc2136Provider;

before(async () => {
  knot = await startNameServer('knot', { keySecret });
  provider = new Rfc2136Provider({
    ...{ name: 'knot', clock: systemClock, random: systemRandom, zones: [knot.zone], nameServers: [] },
    server: { host: '127.0.0.1', port: knot.port },
    key: { name: keyName, algorithm: 'hmac-sha256', secret: Buffer.from(keySecret, 'base64') },
  });
});
after(() => knot?.close());

async function reconcile(hostnames: readonly string[]): Promise<readonly PlanStep[]> {
  const survey = await new Surveyor().survey([{ provider, zones: [knot.zone] }], noSignal);
  requireWhole(survey);
  const { steps } = plan({
    ...{ owner: 'edge', ttls: { address: 60, alias: 300 }, isHeld: () => false, ...survey },
    target: { addresses: ['203.0.113.7', '2001:db8::7'], alias: undefined },
    names: hostnames.map((hostname) => ({ hostname, routeId: 'home' })),
  });
  await applySteps(
    steps,
    {
      providers: new Map([['knot', provider]]),
      report: (step, outcome) => assert.deepEqual(outcome, { state: 'applied' }, step.detail),
    },
    noSignal,
  );
  return steps;
}

const answers = async (name: string, type: string): Promise<string[]> => {
  const text = await run('dig', [...at(knot.port), '+short', name, type]);
  return text.split('\n').filter((line) => line !== '');
};

test('S0-20 S0-27: hostnames come, are repaired, and go without a trace at Knot', async () => {
  const zones = await provider.listZones(noSignal);
  const start = await provider.listRecords(zones[0]!, noSignal);
  const names = ['blog.example.test', '*.apps.example.test', 'example.test'];
  assert.equal((await reconcile(names)).length, 3);
  assert.deepEqual(await answers('blog.example.test', 'A'), ['203.0.113.7']);
  assert.deepEqual(await answers('any.apps.example.test', 'AAAA'), ['2001:db8::7']);
  assert.deepEqual(await answers('example.test', 'A'), ['203.0.113.7']);
  assert.match(
    (await answers('_sallyport.blog.example.test', 'TXT'))[0]!,
    /sallyport\/edge=edge,sallyport\/route=home/,
  );
  assert.equal((await reconcile(names)).length, 0);
  // Drift: a set removed by hand comes back.
  await knot.byHand('blog.example.test', 'A', undefined);
  assert.deepEqual(
    (await reconcile(names)).map(({ isDrift }) => isDrift),
    [true],
  );
  // A set changed by hand is somebody's, and stays when all else goes.
  const theirs = recordSet('blog.example.test', 'A', 60, ['198.51.100.1']);
  await knot.byHand(theirs.name, 'A', theirs);
  assert.equal((await reconcile(names)).length, 0);
  assert.equal((await reconcile([])).length, 3);
  assert.deepEqual(await answers('blog.example.test', 'A'), ['198.51.100.1']);
  await knot.byHand(theirs.name, 'A', undefined);
  const withoutSerial = (sets: typeof start) => sets.filter(({ type }) => type !== 'SOA');
  assert.deepEqual(withoutSerial(await provider.listRecords(zones[0]!, noSignal)), withoutSerial(start));
});
