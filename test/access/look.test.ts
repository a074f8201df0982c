// The pages that visitors see look like their owner's: set by the command line, by file or over the API, they carry his name,
// his colour and his logo, on the dashboard's hostname and on every protected one, and their policy lets nothing else in.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/process.ts';
import type { Seen } from './visitor.ts';
import { type AccessWorld, accessWorld } from './world.ts';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAFUlEQVR4nGOskl/EwMDAwMDAxAADABY6AT8TqPytAAAAAElFTkSuQmCC';
const logo = `data:image/png;base64,${png}`;

describe("the owner's look", () => {
  let world: AccessWorld;
  let folder: string;
  before(async () => {
    world = await accessWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-look-'));
    await writeFile(join(folder, 'house.png'), Buffer.from(png, 'base64'));
    await writeFile(join(folder, 'house.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    await world.protect('app.localhost', '/private', 'private');
    await world.protect('app.localhost', '/door', ['password:door']);
    await world.protect('app.localhost', '/shared', ['link']);
    await world.api.setPagePassword({ params: { password: 'door' }, body: { password: 'a long password' } });
  });
  after(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sallyport = (...args: string[]): Promise<string> =>
    run(sallyportCommand, [...args, '--socket', world.demo.adminSocket]);
  /** Every page that a stranger meets. */
  const pages = async (): Promise<Seen[]> => {
    const { url } = await world.api.createShareLink({
      body: { url: world.at('app.localhost', '/shared/x'), uses: 1 },
    });
    const signIn = await world.visitor().open(world.at('app.localhost', '/private/x'));
    const wrong = await world.visitor().signIn(signIn, 'nobody', 'not the password');
    return [
      signIn,
      wrong,
      await world.visitor().ask(world.at('app.localhost', '/door/x')),
      await world.visitor().ask(url),
      await world.visitor().ask(`${world.dashboard.origin}/access/sign-out`),
      await world.visitor().ask(`${world.dashboard.origin}/access/sign-in?ask=x`),
    ];
  };
  const policyOf = (page: Seen): string => String(page.headers['content-security-policy']);

  test('until it is set, no page says our name', async () => {
    for (const { body, url } of await pages()) {
      // The demo's dashboard has a hostname of that name, as an owner's would be his.
      const words = body.replaceAll(/="[^"]*"/g, '').replaceAll(world.dashboard.hostname, 'his own');
      assert.doesNotMatch(words, /sallyport/i, url);
      assert.doesNotMatch(body, /<img|<script/);
    }
  });

  test('by the command line: name, colour and logo are on each page, and the policy names that very style', async () => {
    const said = await sallyport(
      ...[
        'look',
        'set',
        '--name',
        "Ada's <house>",
        '--colour',
        '#ffd54f',
        '--logo',
        join(folder, 'house.png'),
      ],
    );
    assert.match(said, /Name {4}Ada's <house>\nColour {2}#ffd54f\nLogo {4}png, 0 KiB/);
    const seen = await eventually('the edge knows the look', async () => {
      const all = await pages();
      return all.every(({ body }) => body.includes('#ffd54f')) ? all : undefined;
    });
    for (const page of seen) {
      assert.match(page.body, /Ada&#39;s &lt;house&gt;/, page.url);
      assert.match(page.body, new RegExp(`<img src="${logo.replaceAll('+', '\\+')}" alt="" />`), page.url);
      assert.doesNotMatch(page.body, /<script|<link|javascript:|https?:\/\/(?!app\.localhost|localhost)/i);
      const [, css] = /<style>([^]*)<\/style>/.exec(page.body)!;
      const hash = createHash('sha256').update(css!).digest('base64');
      assert.equal(
        policyOf(page),
        `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      );
      // The yellow is filled with black on it; where it is drawn on a light ground it is darker, on a dark one itself.
      assert.match(css!, /--go:#[0-9a-f]{6};--fill:#ffd54f;--on:#000000/);
      assert.match(css!, /prefers-color-scheme:dark\)\{[^}]*--go:#ffd54f;--fill:#ffd54f/);
    }
  });

  test('by file and over the API; an export has it, and applied again it changes nothing', async () => {
    const lab = join(folder, 'lab.yml');
    await writeFile(lab, `settings: { title: The mill, colour: '#102030', logo: '${logo}' }\n`);
    await sallyport('apply', '-f', lab, '--yes');
    const { title, colour } = await world.api.getSettings();
    assert.deepEqual([title, colour], ['The mill', '#102030']);
    const { text } = await world.api.exportLab();
    assert.ok(text.includes(logo));
    const plan = await world.api.planLab({ body: { text, prune: false } });
    assert.deepEqual(plan.steps, []);
    await eventually('the pages follow', async () => {
      const { body } = await world.visitor().open(world.at('app.localhost', '/private/x'));
      return /The mill/.test(body) && body.includes('--fill:#102030');
    });
    const { items } = await world.api.listAudit({ query: { noun: 'setting' } });
    assert.ok(!JSON.stringify(items).includes(png), 'the audit log tells a picture by its length');
    const ways = await world.api.getSignInMethods();
    assert.deepEqual([ways.title, ways.colour, ways.logo], ['The mill', '#102030', logo]);
    await sallyport('look', 'set', '--logo', 'none', '--colour', 'none');
    assert.match(await sallyport('look', 'show'), /Colour {2}the edge's own\nLogo {4}none/);
  });

  test('what is no such picture or colour is refused, in words', async () => {
    await assert.rejects(
      sallyport('look', 'set', '--logo', join(folder, 'house.svg')),
      /house\.svg is no PNG, JPEG or WebP/,
    );
    await assert.rejects(sallyport('look', 'set', '--logo', join(folder, 'none.png')), /could not be read/);
    for (const [body, fault] of [
      [{ colour: 'red' }, /must be a colour such as "#7a1fa2"/],
      [{ colour: '#fff;}body{display:none' }, /must be a colour/],
      [{ logo: 'https://elsewhere.example/x.png' }, /data: URL/],
      [{ logo: `data:image/svg+xml;base64,${png}` }, /PNG, JPEG or WebP/],
      [{ logo: `${logo}" onload="x` }, /data: URL/],
    ] as const)
      await assert.rejects(world.api.updateSettings({ body }), (error) => {
        assert.match(`${String(error)} ${JSON.stringify(error)}`.replaceAll('\\"', '"'), fault);
        return true;
      });
  });
});
