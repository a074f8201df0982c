// `tunnel route dns` and the dns commands against a running edge, with Knot as the provider and Pebble as the authority.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ShownName } from '#api/dns.ts';
import type { DnsPlan, ZoneView } from '#model/dns/dns-view.ts';
import { recordSet } from '#model/dns/record-set.ts';
import { eventually } from '../support/eventually.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { Lab } from './lab.ts';

let missing: string | undefined;
let lab: Lab;
before(async () => {
  missing = await pebbleIsMissing();
  if (missing) return;
  lab = await Lab.open({
    names: 'knot',
    method: 'dns-01',
    claims: false,
    rules: ['blog.example.test', 'wiki.example.test'],
  });
});
after(() => lab?.close());

/** One test, skipped with the reason where there is no authority. */
function step(title: string, run: (note: (line: string) => void) => Promise<void>): void {
  test(title, { timeout: 240_000 }, async (context) => {
    if (missing) return context.skip(missing);
    try {
      await run((line) => context.diagnostic(line));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${lab.said()}`, { cause: error });
    }
  });
}

step(
  'S0-34 one command: the route, its record, its certificate and the origin, each with its seconds',
  async (note) => {
    const made = await lab.sallyport('tunnel', 'route', 'dns', 'home', 'blog.example.test');
    assert.equal(made.code, 0, made.out + made.err);
    note(made.out);
    assert.match(
      made.out,
      /^Added CNAME blog\.example\.test which will route to this tunnel tunnelID=\S{36}\n/,
    );
    const stages = [...made.out.matchAll(/^ok {2}(.+?) {2,}(\d+\.\d) s /gm)].map(([, stage]) => stage);
    assert.deepEqual(stages, ['record at the zone', 'record at a resolver', 'certificate', 'origin']);
    assert.match(made.out, /https:\/\/blog\.example\.test works; that took \d+\.\d s\.\n$/);
    assert.equal(await lab.statusOf('blog.example.test'), 204);
    const again = await lab.sallyport(
      'tunnel',
      'route',
      'dns',
      'home',
      'blog.example.test',
      '--within',
      '0s',
    );
    assert.equal(again.code, 0);
    assert.match(
      again.out,
      /^blog\.example\.test is already configured to route to your tunnel tunnelID=\S{36}\n$/,
    );
  },
);

step(
  'S0-34 it stops at a record that somebody made, and says what to do; the record is left alone',
  async () => {
    await lab.knot!.byHand(
      'wiki.example.test',
      'A',
      recordSet('wiki.example.test', 'A', 60, ['198.51.100.1']),
    );
    const made = await lab.sallyport('tunnel', 'route', 'dns', 'home', 'wiki.example.test');
    assert.equal(made.code, 1);
    assert.match(made.out, /^ X {2}record at the zone/m);
    assert.match(
      made.out,
      /It stops at the record at the zone: wiki\.example\.test is A 198\.51\.100\.1 .*made by hand\. Delete it/,
    );
    assert.equal(await lab.answer('wiki.example.test'), '198.51.100.1');
  },
);

step('it stops at a zone that nobody manages here, and says which record to make', async () => {
  const made = await lab.sallyport('tunnel', 'route', 'dns', 'home', 'blog.elsewhere.test', '--within', '5s');
  assert.equal(made.code, 1);
  assert.match(made.out, /Make its record by hand \(blog\.elsewhere\.test CNAME edge\.example\.test\)/);
  await lab.sallyport('route', 'remove', 'blog.elsewhere.test');
});

step('it stops at an origin for which the connector has no rule', async () => {
  const made = await lab.sallyport('tunnel', 'route', 'dns', 'home', 'none.example.test', '-o', 'json');
  assert.equal(made.code, 1, made.out);
  const { proofs } = JSON.parse(made.out) as { proofs: { stage: string; state: string; detail: string }[] };
  assert.deepEqual(
    proofs.map(({ stage, state }) => `${stage} ${state}`),
    ['record done', 'resolver done', 'certificate done', 'origin waiting'],
  );
  assert.match(proofs[3]!.detail, /rule/);
});

step(
  'dns status, records, plan, apply and export ask the running edge: owners, TTLs, drift, errors and cures',
  async () => {
    const status = await lab.sallyport('dns', 'status');
    assert.equal(status.code, 4, 'a name is in conflict');
    assert.match(
      status.out,
      /^blog\.example\.test +good +CNAME edge\.example\.test\. +300 +this edge +example\.test +knot /m,
    );
    assert.match(status.out, /^wiki\.example\.test: wiki\.example\.test is A 198\.51\.100\.1 .*Delete it/m);
    const records = await lab.sallyport('dns', 'records', 'example.test');
    assert.match(records.out, /^blog\.example\.test +CNAME +300 +this edge /m);
    assert.match(records.out, /^wiki\.example\.test +A +60 +somebody else /m);
    const none = await lab.sallyport('dns', 'records', 'other.test');
    assert.equal(none.code, 1);
    assert.match(none.err, /No zone other\.test is managed/);
    await lab.knot!.byHand('wiki.example.test', 'A', undefined);
    await lab.knot!.byHand('blog.example.test', 'CNAME', undefined);
    const plan = await lab.sallyport('dns', 'plan');
    assert.equal(plan.code, 3, plan.out + plan.err);
    assert.match(plan.out, /^update \(drift\) +blog\.example\.test .*Restore CNAME/m);
    assert.match(plan.out, /^create +wiki\.example\.test /m);
    const refused = await lab.sallyport('dns', 'apply');
    assert.equal(refused.code, 3);
    const applied = await lab.sallyport('dns', 'apply', '--yes');
    assert.equal(applied.code, 0, applied.out + applied.err);
    assert.match(applied.out, /^done +blog\.example\.test {2}Restore/m);
    assert.equal(await lab.answer('blog.example.test', 'CNAME'), 'edge.example.test.');
    const json = JSON.parse((await lab.sallyport('dns', 'status', '-o', 'json')).out) as {
      names: ShownName[];
      zones: ZoneView[];
    };
    const blog = json.names.find(({ hostname }) => hostname === 'blog.example.test')!;
    assert.match(blog.lastDrift!.detail, /^Restore CNAME/);
    assert.equal(blog.tunnelName, 'home');
    const wiki = json.names.find(({ hostname }) => hostname === 'wiki.example.test')!;
    assert.match(wiki.lastError!.detail, /made by hand/);
    assert.deepEqual(
      json.zones.map(({ name, provider, state }) => [name, provider, state]),
      [['example.test', 'knot', 'good']],
    );
    const clean = JSON.parse((await lab.sallyport('dns', 'plan', '-o', 'json')).out) as DnsPlan;
    assert.deepEqual(clean.steps, []);
    const exported = await lab.sallyport('dns', 'export', 'example.test');
    assert.match(exported.out, /^blog\s+300\s+IN\s+CNAME\s+edge/m);
    const audit = await lab.sallyport('audit', '--noun', 'record');
    assert.match(audit.out, /applied record +2 hostnames/);
  },
);

step('explain, exposed and troubles know the names', async () => {
  const explained = await lab.sallyport('explain', 'https://blog.example.test/');
  assert.match(explained.out, /ok {2}dns +blog\.example\.test leads here/);
  const exposed = await lab.sallyport('exposed');
  assert.match(exposed.out, /https:\/\/blog\.example\.test:\d+\/ .* good +good\n/);
  await lab.knot!.byHand('blog.example.test', 'CNAME', undefined);
  await lab.knot!.byHand('blog.example.test', 'A', recordSet('blog.example.test', 'A', 60, ['198.51.100.9']));
  await lab.sallyport('dns', 'apply', '--yes');
  const stopped = await lab.sallyport('explain', 'https://blog.example.test/');
  assert.equal(stopped.code, 1);
  assert.match(stopped.out, / X {2}dns +The DNS of blog\.example\.test is in trouble/);
  assert.match(stopped.out, /Delete it to have blog\.example\.test lead here again/);
  const status = await lab.sallyport('status');
  assert.match(status.out, /blog\.example\.test/);
});

step('S0-34 a route that is removed takes its record and marker along', async () => {
  await lab.knot!.byHand('blog.example.test', 'A', undefined);
  await lab.sallyport('dns', 'apply', '--yes');
  for (const name of ['blog', 'wiki', 'none']) {
    const removed = await lab.sallyport('route', 'remove', `${name}.example.test`);
    assert.equal(removed.code, 0, removed.err);
  }
  await eventually(
    'the zone holds nothing of them',
    async () => !/(blog|wiki|none)\./.test(await lab.zoneText()),
  );
});
