// `sallyport explain` as it is run, against a running edge: what it prints for machines is the API's answer and nothing else, for
// ports as for web addresses; and the certificate of a name whose TLS ends at home is the one that is shown there.
import assert from 'node:assert/strict';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { explanationSchema, type Explanation } from '#model/live/explain.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { freePort } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

let edge: OwnEdge;
let origin: RecordingOrigin;
let nas: Server;
const database = createServer((socket) => void socket.resume().on('error', () => {}));
before(async () => {
  origin = await RecordingOrigin.start();
  const { cert, key } = createCertificate({ name: 'nas', names: ['nas.localhost'] });
  nas = createTlsServer({ cert, key }, (socket) => void socket.resume().on('error', () => {}));
  for (const server of [nas, database]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  edge = await OwnEdge.start();
  await edge.serve('home', ['blog.localhost'], origin.url);
});
after(async () => {
  await edge?.close();
  await origin?.close();
  nas?.close();
  database.close();
});

async function explained(address: string): Promise<Explanation & { readonly code: number }> {
  const { code, out, err } = await edge.command('explain', address, '--output', 'json');
  assert.equal(err, '');
  return { code, ...explanationSchema.strict().parse(JSON.parse(out)) };
}

const stepOf = ({ steps }: Explanation, name: string) => steps.find(({ step }) => step === name);

test('a web address: the JSON is the answer of the API, and the code says whether it works', async () => {
  const { code, steps, stopsAt } = await explained('https://blog.localhost/');
  assert.deepEqual([code, stopsAt], [0, null]);
  const told = steps.map(({ step }) => step).filter((step) => step !== 'dns');
  assert.deepEqual(told, [
    'certificate',
    'route',
    'access',
    'cache',
    'compression',
    'connector',
    'rule',
    'origin',
  ]);
  const elsewhere = await explained('https://nobody.localhost/');
  assert.deepEqual([elsewhere.code, elsewhere.stopsAt], [1, 'route']);
});

test('a TCP port is followed to its service, and to where it stops once the service is gone', async () => {
  const port = `tcp:${await freePort()}`;
  const service = `tcp://127.0.0.1:${(database.address() as AddressInfo).port}`;
  const made = await edge.command('port', 'add', port, '--tunnel', 'home', '--service', service);
  assert.equal(made.code, 0, made.err);
  const found = await eventually('it works', async () => {
    const each = await explained(port);
    return each.stopsAt === null && each;
  });
  assert.equal(stepOf(found, 'origin')!.title, `${service} was reached`);
  database.close();
  const stopped = await explained(port);
  assert.deepEqual([stopped.code, stopped.stopsAt], [1, 'origin']);
  assert.match(stepOf(stopped, 'origin')!.cure, /Is the service running/);
  const text = await edge.command('explain', port);
  assert.match(text.out, /^ X {2}origin +tcp:.* was not reached/m);
  await edge.command('port', 'update', port, '--disable');
  await eventually('it is closed', async () => (await explained(port)).stopsAt === 'port');
});

test('a name whose TLS is passed on: by its port and by its URL, with the certificate that home shows', async () => {
  const service = `tcp://127.0.0.1:${(nas.address() as AddressInfo).port}`;
  const made = await edge.command(
    'port',
    'add',
    'tls:nas.localhost',
    '--tunnel',
    'home',
    '--service',
    service,
  );
  assert.equal(made.code, 0, made.err);
  for (const address of ['tls:nas.localhost', 'https://nas.localhost/photos']) {
    const found = await eventually(`${address} works`, async () => {
      const each = await explained(address);
      return each.stopsAt === null && each;
    });
    const certificate = stepOf(found, 'certificate')!;
    assert.equal(certificate.title, 'The service shows a certificate for nas.localhost');
    assert.match(certificate.detail, /edge has no key for the name/);
    assert.equal(stepOf(found, 'port')!.title, 'tls:nas.localhost leads to the tunnel home');
  }
  const shut = await edge.command('port', 'update', 'tls:nas.localhost', '--from', '192.0.2.0/24');
  assert.equal(shut.code, 0, shut.err);
  await eventually('the edge itself may not connect', async () => {
    const certificate = stepOf(await explained('tls:nas.localhost'), 'certificate');
    return certificate?.status === 'skipped' && /not among those who may connect/.test(certificate.detail);
  });
});
