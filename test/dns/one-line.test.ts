// In one line: a hostname in a connector's config, and nothing else, gives a working https URL; taken away it leaves nothing
// behind. Pebble is the authority; DNS is Knot's over RFC 2136, or that of the edge, to which a zone is delegated. The
// seconds are printed, not judged.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { Lab, type LabOptions } from './lab.ts';

let missing: string | undefined;
before(async () => {
  missing = await pebbleIsMissing();
});

async function inOneLine(lab: Lab, note: (line: string) => void): Promise<void> {
  const name = `blog.${lab.zone}`;
  assert.doesNotMatch(await lab.zoneText(), /blog\./);
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
  // Its certificate is kept for three days, for a hostname that comes back, then forgotten: certificate-keeper.ts.
}

const cases: readonly (readonly [title: string, options: LabOptions])[] = [
  [
    'S0-19 S0-34 S4-41 S4-45 in a zone at a provider, Knot over RFC 2136, by DNS-01',
    { names: 'knot', method: 'dns-01', claims: true },
  ],
  [
    'S0-34 S0-35 in a zone that is delegated to the edge, by DNS-01',
    { names: 'own', method: 'dns-01', claims: true },
  ],
  [
    'S0-34 S0-35 in a zone that is delegated to the edge, by TLS-ALPN-01',
    { names: 'own', method: 'tls-alpn-01', claims: true },
  ],
];

for (const [title, options] of cases) {
  test(title, { timeout: 240_000 }, async (context) => {
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
