import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CertificateDetail } from '#model/certificates/certificate-view.ts';
import { certificateDetailSchema } from '#model/certificates/certificate-view.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { CertificateWorld, type CertificateWorldOptions } from '#testkit/certificate-world.ts';
import { CertificateFiles } from './certificate-files.ts';
import { CertificateStore } from './certificate-store.ts';
import { CertificateViews } from './certificate-views.ts';
import { importedRecord } from './import-certificate.ts';
import type { CertificateManager } from './issuance/certificate-manager.ts';

const dayMs = 86_400_000;
const blog = 'blog.example.com';

interface Desk {
  readonly lab: CertificateWorld;
  readonly manager: CertificateManager;
  list(): Promise<CertificateDetail[]>;
}

/** A manager that wants these hostnames, and the views of it. */
async function begin(
  context: TestContext,
  hostnames: readonly string[],
  options: CertificateWorldOptions = {},
): Promise<Desk> {
  const lab = CertificateWorld.for(context, options);
  const files = await CertificateFiles.open({
    pairs: [],
    clock: lab.clock,
    log: lab.log,
    lookEveryMs: 1_000,
  });
  context.after(() => files.close());
  const manager = await lab.start([]);
  const store = new CertificateStore({
    ...{ files, internalCa: undefined, manager, ownNames: ['localhost'] },
    random: { fraction: () => 0.5, bytes: (length: number) => Buffer.alloc(length) } as never,
  });
  const views = new CertificateViews({ store, files, manager });
  return {
    lab,
    manager,
    async list() {
      const all = await views.list(hostnames);
      for (const one of all) certificateDetailSchema.parse(one);
      return all;
    },
  };
}

test('S0-19 a certificate is shown with its method, the reason, the log of its order and its next renewal', async (context) => {
  const { lab, manager, list } = await begin(context, [blog]);
  const [missing] = await list();
  assert.equal(missing!.id, `missing:${blog}`);
  assert.equal(missing!.state, 'missing');
  manager.want([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  const [shown, ...rest] = await list();
  assert.deepEqual(rest, []);
  assert.deepEqual(shown!.hostnames, [blog]);
  assert.equal(shown!.state, 'good');
  assert.equal(shown!.method, 'tls-alpn-01');
  assert.match(shown!.methodReason, /no DNS provider covers the name, .*port 443/);
  assert.equal(shown!.authority, 'ca.example');
  assert.equal(shown!.warning, '');
  assert.match(shown!.orders[0]!.lines.join('\n'), /first certificate; tls-alpn-01/);
  assert.ok(shown!.renewal!.atMs > lab.clock.wallMs() && shown!.renewal!.atMs < shown!.notAfterMs!);
  // Order records go after a week; how the certificate was got stays with it.
  await lab.pass(20 * dayMs, dayMs / 2);
  const [later] = await list();
  assert.equal(later!.lastOrder!.cause, 'first certificate');
  assert.match(later!.orders.at(-1)!.lines.join('\n'), /issued/);
});

test('S0-19 an order that fails is told with its problem, the day on which it breaks and the next try', async (context) => {
  const { lab, manager, list } = await begin(context, [blog], { settings: { methods: ['http-01'] } });
  manager.want([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  lab.authority.onValidation = () => ({ status: 403, type: 'dns', detail: 'no address' });
  const [{ notAfterMs } = { notAfterMs: 0 }] = await list();
  await lab.pass(62 * dayMs, dayMs / 4);
  const [shown] = await list();
  assert.equal(shown!.state, 'good');
  assert.match(
    shown!.warning,
    new RegExp(`no address.*good until ${new Date(notAfterMs!).toISOString()}.*turned away`),
  );
  assert.equal(shown!.lastOrder!.failure!.code, 'validation-failed');
  assert.ok(shown!.nextTryAtMs! > lab.clock.wallMs());
  // By hand it is tried at once.
  lab.authority.onValidation = undefined;
  manager.renewNow([shown!.id]);
  await lab.until('a new one', () => manager.keeper.shown.best(blog, 0)!.notAfterMs > notAfterMs!, {
    limitMs: 30_000,
  });
  assert.equal((await list())[0]!.warning, '');
});

test('a hostname without a certificate that failed is tried at once when somebody asks', async (context) => {
  const { lab, manager, list } = await begin(context, [blog], { settings: { methods: ['http-01'] } });
  lab.authority.onValidation = () => ({ status: 403, type: 'dns', detail: 'no address' });
  manager.want([blog]);
  await lab.until('a failed order', () => manager.keeper.orders.length > 0);
  const [failed] = await list();
  assert.match(failed!.warning, /There is no certificate yet\. It is tried again at/);
  lab.authority.onValidation = undefined;
  manager.renewNow([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]), { limitMs: 20_000 });
});

test('a six-day certificate is good until its last day, and no longer called good then', async (context) => {
  const { lab, manager, list } = await begin(context, [blog]);
  lab.authority.lifeMs = 6 * dayMs;
  manager.want([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  lab.authority.isAway = true;
  assert.equal((await list())[0]!.state, 'good');
  await lab.pass(4.9 * dayMs, dayMs / 10);
  assert.equal((await list())[0]!.state, 'good');
  await lab.pass(0.5 * dayMs, dayMs / 10);
  assert.equal((await list())[0]!.state, 'expiring');
  await lab.pass(dayMs, dayMs / 10);
  assert.equal((await list())[0]!.state, 'bad');
});

test('an imported certificate is shown at once, its successor takes its place, and without it one is ordered', async (context) => {
  const { lab, manager, list } = await begin(context, [blog]);
  const make = (name: string) => {
    const { cert, key } = createCertificate({
      ...{ name, names: [blog] },
      notBefore: new Date(lab.clock.wallMs() - dayMs),
      notAfter: new Date(lab.clock.wallMs() + 90 * dayMs),
    });
    return importedRecord({ certificate: cert, key }, { nowMs: lab.clock.wallMs(), jitter: 0.5 });
  };
  await manager.importCertificate(make('first'));
  manager.want([blog]);
  await lab.pass(60_000, 1_000);
  assert.equal(lab.authority.orders.length, 0);
  const second = make('second');
  await manager.importCertificate(second);
  const [shown, ...rest] = await list();
  assert.deepEqual(rest, []);
  assert.equal(shown!.source, 'imported');
  assert.equal(shown!.issuer, 'second');
  assert.match(shown!.warning, /Only clients that trust second accept it/);
  await manager.forgetCertificate(second.id);
  await lab.until('one by ACME', () => lab.hasAll(manager, [blog]));
  assert.equal((await list())[0]!.source, 'acme');
});
