// Certificates at the second of an edge's two processes, shown without luck: while the first stands still, whoever comes is
// taken by the second. It shows what the first has renewed, and answers an authority in the first's place. docs/workers.md
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { sallyportCommand } from '../support/demo.ts';
import { eventually, within } from '../support/eventually.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { dial, greeted, greetedByOther } from '../support/port-queue.ts';
import { startProcess } from '../support/process.ts';
import { whileStopped } from '../support/stopped-process.ts';
import { startHeldAuthority } from './held-authority.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();
const limits = { skip: missing, timeout: 240_000 };
const limitMs = 30_000;
const blog = 'blog.example.com';

test(
  'a certificate that the first process has renewed is shown by the further one',
  limits,
  async (context) => {
    const world = await begin(context, 'http-01');
    world.writeConfig();
    const first = await world.startEdge();
    const ordered = await world.trusted(blog);
    assert.equal(await printAtFurther(world), ordered.certificate.fingerprint256);
    const renewed = await renew(world);
    assert.notEqual(renewed, ordered.certificate.fingerprint256);
    await eventually('the further one shows it', async () => (await printAtFurther(world)) === renewed);
    // Now it needs nobody to do so.
    const shown = await whileStopped(first.pid, async () => {
      const socket = await greeted(await dial(world.httpsPort), {
        servername: blog,
        ca: await world.pebble.root(),
      });
      return { isTrusted: socket.authorized, print: printAndClose(socket) };
    });
    assert.deepEqual(shown, { print: renewed, isTrusted: true });
  },
);

test('S0-19 TLS-ALPN-01: the further process alone answers the authority', limits, async (context) => {
  const world = await begin(context, 'tls-alpn-01');
  const authority = await startHeldAuthority(world);
  world.writeConfig({ acme: { authorities: [authority.settings] } });
  // The challenge is in place, and the authority has not been told so.
  const inPlace = within('a challenge', 120_000, authority.hold('/chalZ/'));
  const first = await world.startEdge();
  await inPlace;
  await whileStopped(first.pid, async () => {
    // Under TLS 1.2 the certificate is chosen before the protocol is known.
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const validator = { servername: blog, ALPNProtocols: ['acme-tls/1'], maxVersion };
      const socket = await greeted(await dial(world.httpsPort), validator);
      const { subjectAltName } = socket.getPeerX509Certificate()!;
      assert.deepEqual([socket.alpnProtocol, subjectAltName], ['acme-tls/1', `DNS:${blog}`], maxVersion);
      socket.destroy();
    }
    authority.release();
    await world.eventually(
      'the authority has validated',
      () => /set VALID by completed challenge/.test(world.pebble.log()),
      60_000,
    );
  });
  await world.trusted(blog);
});

test('S0-19 HTTP-01: the further process answers the authority', limits, async (context) => {
  const world = await begin(context, 'http-01');
  const authority = await startHeldAuthority(world);
  world.writeConfig({ acme: { authorities: [authority.settings] } });
  const inPlace = within('a challenge', 120_000, authority.hold('/chalZ/'));
  const first = await world.startEdge();
  await inPlace;
  const { challenges } = JSON.parse(authority.answered('/authZ/')!) as Authorization;
  const { token } = challenges.find(({ type }) => type === 'http-01')!;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  context.after(() => agent.destroy());
  const ask = (path: string): Promise<PlainAnswer> => askPlain(world.httpPort, path, agent);
  // A connection of the further one, which it keeps for what comes.
  const led = await whileStopped(first.pid, () => ask('/'));
  assert.deepEqual([led.status, led.isSameConnection], [308, false]);
  const { body, ...rest } = await ask(`/.well-known/acme-challenge/${token}`);
  assert.deepEqual(rest, { status: 200, isSameConnection: true });
  const [shown, thumbprint = ''] = body.split('.');
  assert.equal(shown, token);
  assert.match(thumbprint, /^[\w-]{43}$/);
  const other = await ask('/.well-known/acme-challenge/of-nobody');
  assert.deepEqual([other.status, other.isSameConnection], [308, true]);
  authority.release();
  await world.trusted(blog);
});

interface Authorization {
  readonly challenges: readonly { readonly type: string; readonly token: string }[];
}

interface PlainAnswer {
  readonly status: number;
  readonly body: string;
  /** Whether it came on the connection of the request before. */
  readonly isSameConnection: boolean;
}

/** Asks the port for plain HTTP as an authority does that validates the hostname. */
async function askPlain(port: number, path: string, agent: Agent): Promise<PlainAnswer> {
  const asked = request({ host: '127.0.0.1', port, path, agent, headers: { host: blog } });
  asked.end();
  const [answer] = (await within('an answer', limitMs, once(asked, 'response'))) as [IncomingMessage];
  const body = await within('its body', limitMs, text(answer));
  return { status: answer.statusCode!, body, isSameConnection: asked.reusedSocket };
}

/** An edge of two processes beside an authority; its config is yet to be written. */
async function begin(context: TestContext, method: string): Promise<AcmeWorld> {
  const world = await AcmeWorld.create({
    hostnames: [blog],
    acme: { methods: [method] },
    edge: { workers: 2 },
  });
  context.after(() => world.close());
  return world;
}

/** Has the first process order another certificate; the fingerprint of what it then shows. */
async function renew(world: AcmeWorld): Promise<string> {
  const cert = async (...args: string[]): Promise<string> => {
    const flags = ['--socket', world.path('data/admin.sock'), '--output', 'json'];
    const running = startProcess(sallyportCommand, ['cert', ...args, ...flags], {
      env: { HOME: world.folder },
    });
    assert.equal(await within(`cert ${args[0]} ends`, 120_000, running.ended), 0, running.stderr());
    return running.stdout();
  };
  await cert('renew', blog, '--wait');
  return (JSON.parse(await cert('show', blog)) as { fingerprint: string }).fingerprint;
}

/** What the further process shows for the hostname. */
async function printAtFurther(world: AcmeWorld): Promise<string> {
  return printAndClose(await greetedByOther(world.edge!.pid, world.httpsPort, { servername: blog }));
}

function printAndClose(socket: TLSSocket): string {
  const { fingerprint256 } = socket.getPeerX509Certificate()!;
  socket.destroy();
  return fingerprint256;
}
