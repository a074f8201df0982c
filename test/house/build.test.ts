// The release build is made, and both of its forms say their version and serve a page of the demo.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { version } from '#base/version.ts';
import { eventually } from '../support/eventually.ts';
import { repositoryRoot, run, startProcess } from '../support/process.ts';

interface Ready {
  readonly https: string;
  readonly caFile: string;
}

function statusOf({ https, caFile }: Ready): Promise<number | undefined> {
  const { port } = new URL(https);
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host: '127.0.0.1', port, agent: false, ca: readFileSync(caFile) },
      ...{ servername: 'blog.localhost', headers: { Host: `blog.localhost:${port}` } },
    };
    get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

test('the bundle and the single executable say their version and serve a page', async (context) => {
  await run(process.execPath, ['build.ts']);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-build-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const forms = [
    [process.execPath, join(repositoryRoot, 'dist/sallyport.mjs')],
    [join(repositoryRoot, 'dist/sallyport')],
  ] as const;
  for (const [command, ...args] of forms) {
    assert.match(await run(command, [...args, 'version']), new RegExp(`version ${version}`));
    const ports = ['--https-port', '0', '--http-port', '0'];
    const demo = startProcess(command, [...args, 'demo', '--output', 'json', '--data', folder, ...ports]);
    try {
      const line = await eventually('the demo is ready', () => {
        if (demo.exitCode() !== null) throw new Error(demo.stderr());
        return /^\{.*"ready".*$/m.exec(demo.stdout())?.[0];
      });
      assert.equal(await statusOf(JSON.parse(line) as Ready), 200);
    } finally {
      await demo.stop();
    }
    assert.equal(demo.exitCode(), 0, demo.stderr());
  }
});
