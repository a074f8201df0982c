// Bad days of authorities and networks, with the real authority of the trade's own tests and a real edge process: nonces
// refused, silence, absence, names that lead elsewhere, clocks that are wrong. Each says what it is, and heals.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pebbleIsMissing } from '../support/pebble.ts';
import { freePort, isInstalled } from '../support/process.ts';
import { begin, blog, hosts, limitMs } from './bad-day.ts';
const missing = await pebbleIsMissing();

test(
  'nonces refused at every second try, slow validation and nothing reused: three methods come through',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const env = { PEBBLE_WFE_NONCEREJECT: '50', PEBBLE_VA_NOSLEEP: '0', PEBBLE_VA_SLEEPTIME: '3' };
    const world = await begin(context, { pebble: { env }, acme: {} });
    await world.startEdge();
    await world.trusted(blog, 120_000);
    world.writeConfig({ hostnames: [blog, ...hosts(3)] });
    for (const hostname of hosts(3)) await world.trusted(hostname, 120_000);
  },
);

test(
  'Pebble at its strictest, with a long chain and a profile of six days',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const profiles = {
      default: { description: 'ninety days', validityPeriod: 7_776_000 },
      shortlived: { description: 'six days', validityPeriod: 518_400 },
    };
    const world = await begin(context, {
      pebble: { env: { PEBBLE_CHAIN_LENGTH: '3' }, config: { profiles }, args: ['-strict'] },
    });
    const { directory, caFile } = world.pebble;
    world.writeConfig({ acme: { authorities: [{ directory, caFile, profile: 'shortlived' }] } });
    await world.startEdge();
    const { certificate } = await world.trusted(blog);
    const lifeMs = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
    assert.equal(Math.round(lifeMs / 86_400_000), 6);
  },
);

test(
  'the authority is away, comes back having forgotten everything, and the hostname has its certificate',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const world = await begin(context);
    await world.startEdge();
    await world.trusted(blog);
    await world.pebble.goAway();
    world.writeConfig({ hostnames: [blog, 'app.example.com'] });
    await world.said(
      /could not be reached \(.*ECONNREFUSED.*There is no certificate yet\. It is tried again/,
    );
    assert.deepEqual((await world.shown(blog)).names, [blog], 'what there was is shown as ever');
    await world.pebble.comeBack();
    await world.trusted('app.example.com', 90_000);
  },
);

test(
  'an authority that takes connections and answers nothing is given up and asked again',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const world = await begin(context);
    world.pebble.freeze();
    await world.startEdge();
    await world.said(/could not be reached \(no whole answer within 30 s\)/, 150_000);
    world.pebble.thaw();
    await world.trusted(blog, 90_000);
  },
);

test(
  'a second authority takes over from one that is away',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const world = await begin(context);
    const { directory, caFile } = world.pebble;
    const away = `https://127.0.0.1:${await freePort()}/dir`;
    world.writeConfig({
      acme: {
        authorities: [
          { directory: away, caFile },
          { directory, caFile },
        ],
      },
    });
    await world.startEdge();
    await world.trusted(blog);
  },
);

test(
  'a hostname that leads elsewhere: the cause and the cure in one line, and it heals',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const world = await begin(context);
    // Nobody listens at this address.
    await world.pebble.dns('/add-a', { host: `${blog}.`, addresses: ['127.0.0.77'] });
    await world.startEdge();
    await world.said(/could not validate blog\.example\.com by http-01: .*; check that .*blog\.example\.com/);
    await world.pebble.dns('/clear-a', { host: `${blog}.` });
    await world.trusted(blog, 120_000);
  },
);

for (const [what, offset] of [
  ['behind', '-30d'],
  ['ahead', '+30d'],
] as const) {
  test(
    `a clock that is a month ${what}: said once, with the cure; the certificate is got once and shown`,
    { skip: missing, timeout: limitMs },
    async (context) => {
      if (!(await isInstalled('faketime')))
        return context.skip('faketime is not installed; test/system-packages.sh installs it');
      const library = String(spawnSync('faketime', ['now', 'printenv', 'LD_PRELOAD']).stdout).trim();
      const world = await begin(context, {
        pebble: { config: { profiles: { default: { description: 'six days', validityPeriod: 518_400 } } } },
      });
      await world.startEdge({ LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' });
      await world.trusted(blog);
      await world.said(
        new RegExp(`clock is 30\\.0 days ${what === 'behind' ? 'behind' : 'ahead of'} that of .*set it`),
      );
      // A second hostname's order would find the first due, if anything took this machine's time for true.
      world.writeConfig({ hostnames: [blog, 'app.example.com'] });
      await world.trusted('app.example.com');
      assert.equal(world.orders().length, 2);
      const said = world.edge!.stderr().match(/clock is 30\.0 days/g) ?? [];
      assert.equal(said.length, 1);
    },
  );
}
