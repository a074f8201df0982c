// A private registry behind the tunnel: skopeo pushes an image with a layer of 300 MB to Debian's docker-registry
// through edge and connector, and pulls it back.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isInstalled, run, type RunningProcess, startProcess } from '../support/process.ts';
import { digestOfBlob, layersOf, writeImage } from './oci-image.ts';

const layerBytes = 300_000_000;
/** A name that skopeo resolves on every machine. */
const host = 'localhost';

test('skopeo pushes a layer of 300 MB to a registry through the tunnel and pulls it back unchanged', async (context) => {
  for (const command of ['skopeo', 'docker-registry']) {
    if (!(await isInstalled(command)))
      return context.skip(`${command} is not installed; test/system-packages.sh installs it`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-registry-'));
  const closers = [() => rm(folder, { recursive: true })];
  context.after(async () => {
    for (const close of closers.toReversed()) await close();
  });
  const layer = await writeImage(join(folder, 'image'), 'one', layerBytes);
  const port = await freePort();
  const registry = await startRegistry(folder, port);
  closers.push(() => registry.stop());
  const demo = await startDemo({ services: { [host]: `http://127.0.0.1:${port}` } });
  closers.push(() => demo.close());
  const certificates = join(folder, 'certs');
  await mkdir(certificates);
  await cp(demo.caFile, join(certificates, 'ca.crt'));

  const remote = `docker://${host}:${demo.httpsPort}/lab/image:one`;
  const skopeo = (...args: string[]): Promise<string> =>
    run('skopeo', ['copy', '--quiet', '--insecure-policy', '--preserve-digests', ...args]);
  await skopeo('--dest-cert-dir', certificates, `oci:${join(folder, 'image')}:one`, remote);
  await skopeo('--src-cert-dir', certificates, remote, `oci:${join(folder, 'back')}:one`);

  assert.deepEqual(await layersOf(join(folder, 'back')), [layer]);
  assert.equal(await digestOfBlob(join(folder, 'back'), layer.digest), layer.digest);
});

/** Debian's registry in the foreground, its blobs below `folder`. */
async function startRegistry(folder: string, port: number): Promise<RunningProcess> {
  const file = join(folder, 'registry.yml');
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'blobs') } },
    http: { addr: `127.0.0.1:${port}`, secret: 'of this test' },
  };
  await writeFile(file, JSON.stringify(config));
  const registry = startProcess('docker-registry', ['serve', file]);
  await eventually('the registry answers', async () => {
    if (registry.exitCode() !== null) throw new Error(registry.stderr());
    return (await fetch(`http://127.0.0.1:${port}/v2/`)).ok;
  });
  return registry;
}
