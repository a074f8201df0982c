// The dashboard of an edge whose disk is full: what is wrong is told with its cure, and fits on every screen.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

test(
  'a store without room is told, wide and narrow, light and dark',
  { skip: missingBrowser, timeout: 240_000 },
  async (context) => {
    const edge = await OwnEdge.create();
    mkdirSync(edge.dataDir);
    // Needs root and a kernel that lets it.
    const isSmall = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', edge.dataDir]).status === 0;
    context.after(async () => {
      await edge.running?.stop();
      if (isSmall) spawnSync('umount', ['--lazy', edge.dataDir]);
      await edge.close();
    });
    if (!isSmall) {
      context.diagnostic('no tmpfs can be mounted here (root is needed); a full disk was not tried');
      return;
    }
    await edge.start();
    const { link } = await edge.api.createUser({ body: { name: 'olga', role: 'owner' } });
    const browser = await launchBrowser(edge.ca);
    context.after(() => browser.close());
    const owner = await openPage(browser);
    await signInByLink(owner.page, link.url);
    const { bavail, bsize } = statfsSync(edge.dataDir);
    writeFileSync(join(edge.dataDir, 'filler'), Buffer.alloc(bavail * bsize));
    let count = 0;
    await eventually('a change is refused', async () => {
      count += 1;
      const body = { name: `filler-${count}`, note: 'x'.repeat(400) };
      return edge.api.createTunnel({ body }).then(
        () => false,
        () => true,
      );
    });
    mkdirSync(screenshotFolder, { recursive: true });
    for (const look of looks) {
      const { page, context: tab, complaints } = await openPage(browser, look, owner.context);
      for (const [name, path, said] of [
        ['overview', '/', 'The store cannot be used'],
        ['health', '/health', 'Make the database reachable'],
      ] as const) {
        await page.goto(`${edge.url}${path}`);
        await page.getByText(said).first().waitFor();
        if (name === 'overview') await page.getByText('open to the public, no tunnels yet.').waitFor();
        const file = join(screenshotFolder, `full-disk-${name}-${look.name}.png`);
        await page.screenshot({ path: file, fullPage: true });
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        assert.ok(overflow <= 0, `${name} in ${look.name} is ${overflow} pixels too wide`);
      }
      assert.deepEqual(complaints, []);
      await tab.close();
    }
  },
);
