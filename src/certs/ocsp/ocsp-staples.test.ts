import assert from 'node:assert/strict';
import { createHash, sign, X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { readInside } from '#base/der-read.ts';
import { type Log, silentLog } from '#base/log.ts';
import { type WebAnswer, WebError } from '#base/net/web-client.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { bitString, objectIdentifier, octetString, sequence, tlv } from '../der.ts';
import { authorityInfoAccess } from '../x509-write.ts';
import { OcspStaples } from './ocsp-staples.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);
const far = { notBefore: new Date(startMs - hourMs), notAfter: new Date(startMs + 9_000 * hourMs) };
const ca = createCertificate({ name: 'ca', isCa: true, ...far });
const leaf = createCertificate({
  ...{ name: 'leaf', names: ['blog.example.com'], issuer: ca, ...far },
  extensions: [authorityInfoAccess('http://ocsp.example/')],
});
const silent = createCertificate({ name: 'leaf', names: ['blog.example.com'], issuer: ca, ...far });

type Says = 'good' | 'revoked' | 'nothing';

/** A responder that answers for a day from now on, and time to let pass. */
class Scene {
  readonly clock = new FakeClock(startMs);
  readonly warnings: string[] = [];
  readonly revoked: string[] = [];
  says: Says = 'good';
  asked = 0;
  chains = [leaf.cert + ca.cert];
  readonly staples: OcspStaples;

  constructor(context: TestContext) {
    const log: Log = {
      ...silentLog,
      warn: (message) => void this.warnings.push(message),
      error: (message) => void this.warnings.push(message),
    };
    this.staples = new OcspStaples({
      chains: () => this.chains,
      web: async (request) => this.#answer(request.body as Buffer),
      onRevoked: (chain) => void this.revoked.push(chain),
      ...{ clock: this.clock, log },
    });
    context.after(() => this.staples.close());
  }

  /** Lets time pass and looks. */
  async after(ms: number): Promise<Buffer | undefined> {
    this.clock.advance(ms);
    await this.staples.look();
    return this.staples.answerFor(leaf.der);
  }

  #answer(request: Buffer): WebAnswer {
    this.asked += 1;
    if (this.says === 'nothing') throw new WebError('ECONNREFUSED', 'connect ECONNREFUSED');
    const nowMs = this.clock.wallMs();
    return {
      status: 200,
      headers: {},
      body: ocspAnswer(request, this.says, { fromMs: nowMs, untilMs: nowMs + 24 * hourMs }),
    };
  }
}

/** A signed answer to a request for one certificate. */
function ocspAnswer(
  request: Buffer,
  says: Says,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): Buffer {
  // OCSPRequest > tbsRequest > requestList > Request > reqCert
  const [toBeSigned] = readInside(request);
  const [list] = readInside(toBeSigned!.whole);
  const [one] = readInside(list!.whole);
  const [certId] = readInside(one!.whole);
  const status = says === 'good' ? tlv(0x80, Buffer.alloc(0)) : tlv(0xa1, generalizedTime(fromMs));
  const data = sequence(
    tlv(0xa2, octetString(createHash('sha1').update('key').digest())),
    generalizedTime(fromMs),
    sequence(sequence(certId!.whole, status, generalizedTime(fromMs), tlv(0xa0, generalizedTime(untilMs)))),
  );
  const signature = sign('sha256', data, ca.privateKey);
  const basic = sequence(data, sequence(objectIdentifier('1.2.840.10045.4.3.2')), bitString(signature));
  const bytes = sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.1'), octetString(basic));
  return sequence(tlv(0x0a, Buffer.from([0])), tlv(0xa0, bytes));
}

function generalizedTime(ms: number): Buffer {
  return tlv(0x18, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`));
}

test('an answer is fetched, shown, and fetched again at half its life', async (context) => {
  const scene = new Scene(context);
  assert.equal(scene.staples.isNeeded, false);
  const first = await scene.after(0);
  assert.ok(first);
  assert.equal(scene.staples.isNeeded, true);
  assert.equal(await scene.after(11.9 * hourMs), first);
  assert.equal(scene.asked, 1);
  assert.notEqual(await scene.after(0.2 * hourMs), first);
  assert.equal(scene.asked, 2);
});

test('a responder that is away costs nothing while the last answer is good, and is asked ever more seldom', async (context) => {
  const scene = new Scene(context);
  const first = await scene.after(0);
  scene.says = 'nothing';
  assert.equal(await scene.after(13 * hourMs), first);
  for (let minutes = 0; minutes < 600; minutes += 10) assert.equal(await scene.after(600_000), first);
  assert.ok(scene.asked < 20, `asked ${scene.asked} times in eleven hours`);
  assert.equal(scene.warnings.length, 1);
  assert.equal(await scene.after(3 * hourMs), undefined, 'an answer that has run out is not shown');
  scene.says = 'good';
  assert.ok(await scene.after(hourMs));
});

test('a revocation is told once, and its answer is not shown', async (context) => {
  const scene = new Scene(context);
  scene.says = 'revoked';
  assert.equal(await scene.after(0), undefined);
  await scene.after(13 * hourMs);
  assert.deepEqual(scene.revoked, scene.chains);
  assert.match(scene.warnings.join(), /has been revoked, says its OCSP responder/);
});

test('a certificate without a responder, or without its issuer, needs nothing; one that is gone is let go', async (context) => {
  const scene = new Scene(context);
  scene.chains = [silent.cert + ca.cert, leaf.cert];
  await scene.after(0);
  assert.equal(scene.staples.isNeeded, false);
  scene.chains = [leaf.cert + ca.cert];
  assert.ok(await scene.after(hourMs));
  scene.chains = [];
  assert.equal(await scene.after(hourMs), undefined);
  assert.equal(scene.staples.isNeeded, false);
});

test('an answer for another time is not shown', async (context) => {
  const scene = new Scene(context);
  const staples = new OcspStaples({
    chains: () => scene.chains,
    web: async (request) => ({
      ...{ status: 200, headers: {} },
      body: ocspAnswer(request.body as Buffer, 'good', {
        fromMs: startMs - 48 * hourMs,
        untilMs: startMs - hourMs,
      }),
    }),
    onRevoked() {},
    ...{ clock: scene.clock, log: silentLog },
  });
  await staples.look();
  assert.equal(staples.answerFor(new X509Certificate(leaf.cert).raw), undefined);
  await staples.close();
});
