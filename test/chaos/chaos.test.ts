// The short form of the chaos runs: three cases in which nothing may be lost, on hosts of network namespaces with the
// released bundle. `npm run chaos` has the long form, docs/reliability.md says what is proven where.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { awayOneSecond } from './cases/away.ts';
import { edgeReloadedOnce, shortRollingRestart } from './cases/processes.ts';
import { Lab } from './lab.ts';
import { missingForNetworks } from './network.ts';
import { linesOf } from './report.ts';
import { runCase } from './run-case.ts';

const missing = await missingForNetworks();
/** Whatever happens: the machine may be very busy, but not for ever. */
const limit = { timeout: 300_000 };

describe('a real edge and connectors under steady load', { skip: missing === '' ? false : missing }, () => {
  let lab: Lab;

  before(async () => {
    lab = await Lab.create({ seed: 7 });
  }, limit);
  after(() => lab?.close(), limit);

  for (const chaosCase of [edgeReloadedOnce, awayOneSecond, shortRollingRestart]) {
    test(`nothing is lost when ${chaosCase.what}`, limit, async () => {
      const result = await runCase(lab, chaosCase);
      assert.ok(result.requests > 150, 'there was load');
      assert.deepEqual(result.faults, [], linesOf(result));
      assert.equal(result.lostBytes, 0);
    });
  }
});
