// In one line: a hostname in a connector's config, and nothing else, gives a working https URL; taken away it leaves nothing
// behind. Pebble is the authority; DNS is Knot's over RFC 2136, or that of the edge, to which a zone is delegated. The
// seconds are printed, not judged.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { Lab, type LabOptions } from './lab.ts';

let missing: string | undefined;
before(async () => {
  missing = await pebbleIsMissing();
});

async function inOneLine(lab: Lab, note: (line: string) => void): Promise<void> {
  const name = `blog.${lab.zone}`;
  // The edge's own certificate comes first, so that what is there before is all that is there after.
  await eventually('the edge has its own', () => lab.isFromAuthority(`edge.${lab.zone}`), 60_000);
  await eventually('no order is under way', () => !/acme-(pending|answers)/.test(lab.storedKeys().join()));
  await eventually('nothing is wrong', () => !/notifications/.test(lab.storedKeys().join()), 60_000);
  const before = await everything(lab);
  assert.doesNotMatch(JSON.stringify(before), /blog\./);
  const startMs = performance.now();
  const seconds = (): string => ((performance.now() - startMs) / 1000).toFixed(1);
  lab.rules(name);
  await eventually('the record is there', async () => (await lab.answer(name)).endsWith('127.0.0.1'));
  const recordSeconds = seconds();
  await eventually('the page is there', async () => (await lab.statusOf(name)) === 204, 120_000);
  note(`${name}: record after ${recordSeconds} s, https after ${seconds()} s`);
  assert.match(await lab.shownFor(name), /blog\./);
  assert.match(await lab.zoneText(), /_sallyport\.blog/);
  assert.equal(await lab.answer(`_acme-challenge.${name}`, 'TXT'), '', 'the challenge is taken down');
  lab.rules();
  await eventually('the record is gone', async () => (await lab.answer(name)) === '');
  await eventually('the zone holds nothing of it', async () => !/blog\./.test(await lab.zoneText()));
  assert.doesNotMatch(await lab.zoneText(), /_acme-challenge/);
  assert.equal(await lab.answer(`_sallyport.${name}`, 'TXT'), '');
  await eventually('the page is gone', async () => (await lab.statusOf(name)) !== 204);
  await eventually('its certificate is shown no longer', async () => !(await lab.isFromAuthority(name)));
  // With its key and the log of its order it goes at once, because edge.yml says so; by default three hours later.
  let left: unknown;
  await eventually('nothing is left of it', async () =>
    isDeepStrictEqual((left = await everything(lab)), before),
  ).catch(() => assert.deepEqual(left, before));
  note(`nothing is left of ${name}`);
}

/** Whatever might remember a hostname: the zone, the lists that people see, metrics, the store, files. */
async function everything(lab: Lab): Promise<unknown> {
  const listed = async (...command: readonly string[]): Promise<unknown> => {
    const { code, out, err } = await lab.sallyport(...command, '-o', 'json');
    assert.equal(code, 0, err);
    // When a zone was read last, and how many records it had then (a challenge may have been among them), is no trace of a
    // name; what it holds now is looked at above.
    return JSON.parse(out, (key, value: unknown) =>
      key === 'readAtMs' || (key === 'records' && typeof value === 'number') ? undefined : value,
    );
  };
  return {
    zone: (await lab.zoneText()).split('\n').filter((line) => /blog|_acme-challenge/.test(line)),
    names: await listed('dns', 'status'),
    exposed: await listed('exposed'),
    certificates: await listed('cert', 'list'),
    series: (await lab.metricSeries()).filter((series) => series.includes('blog')),
    stored: lab.storedKeys(),
    copied: lab.copiedFiles(),
  };
}

const cases: readonly (readonly [title: string, options: LabOptions])[] = [
  [
    'S0-19 S0-34 S4-41 S4-45 in a zone at a provider, Knot over RFC 2136, by DNS-01',
    { names: 'knot', method: 'dns-01', claims: true, keepUnused: '0s' },
  ],
  [
    'S0-34 S0-35 in a zone that is delegated to the edge, by DNS-01',
    { names: 'own', method: 'dns-01', claims: true, keepUnused: '0s' },
  ],
  [
    'S0-34 S0-35 in a zone that is delegated to the edge, by TLS-ALPN-01',
    { names: 'own', method: 'tls-alpn-01', claims: true, keepUnused: '0s' },
  ],
];

for (const [title, options] of cases) {
  test(title, { timeout: 480_000 }, async (context) => {
    if (missing) return context.skip(missing);
    const lab = await Lab.open(options);
    try {
      await inOneLine(lab, (line) => context.diagnostic(line));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${lab.said()}`, { cause: error });
    } finally {
      await lab.close();
    }
  });
}
