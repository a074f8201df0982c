// Client certificates against a real edge: made and revoked by openssl, shown by openssl s_client, curl and Node's HTTP/2.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type ClientHttp2Session } from 'node:http2';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import { ClientAuthorities } from '#edge/access/certificates/client-authorities.ts';
import { readRevocationList } from '#edge/access/certificates/revocation-list.ts';
import { AuthorityFiles } from '#roles/access/authority-files.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { run } from '../support/process.ts';
import { RawConnection } from '../support/raw-client.ts';
import { plainAnswer, RecordingOrigin } from '../support/recording-origin.ts';
import { type DeskWorld, startDeskWorld } from './desk-world.ts';

const limitMs = 30_000;
let folder = '';
const at = (name: string): string => join(folder, name);
const openssl = (...args: string[]): Promise<string> =>
  run('sh', ['-c', 'cd "$1" && shift && exec timeout 60 openssl "$@"', 'sh', folder, ...args]);

/** A CA by openssl's own `ca`, so that it can also revoke. */
async function makeAuthority(name: string): Promise<void> {
  const config = `[ca]\ndefault_ca=d\n[d]\ndatabase=${at(`${name}.index`)}\nserial=${at(`${name}.serial`)}\nnew_certs_dir=${folder}
certificate=${at(`${name}.pem`)}\nprivate_key=${at(`${name}.key`)}\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=30
policy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\norganizationName=optional\n`;
  await writeFile(at(`${name}.cnf`), config);
  await writeFile(at(`${name}.index`), '');
  await writeFile(at(`${name}.serial`), '1000\n');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '30',
    '-subj',
    `/CN=${name} authority`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
  );
}

async function issue(
  authority: string,
  name: string,
  more: string[] = [],
  extensions: string[] = [],
): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const added = ['extendedKeyUsage=clientAuth', ...extensions].flatMap((each) => ['-addext', each]);
  await openssl(
    'req',
    ...key,
    '-subj',
    `/O=Lab/CN=${name}`,
    ...added,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  await openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    `${authority}.cnf`,
    ...more,
    '-in',
    `${name}.csr`,
    '-out',
    `${name}.pem`,
  );
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-mtls-'));
  await makeAuthority('home');
  await makeAuthority('work');
  await issue(
    'home',
    'laptop',
    [],
    ['subjectAltName=DNS:laptop.lan,email:ada@example.com,URI:spiffe://lab/laptop'],
  );
  await issue('home', 'phone');
  await issue('home', 'old', ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z']);
  await issue('work', 'desk');
  await issue('home', 'server', [], []);
  await openssl('ca', '-config', 'home.cnf', '-revoke', 'phone.pem');
  await openssl('ca', '-config', 'home.cnf', '-gencrl', '-out', 'home.crl');
  await openssl('ca', '-config', 'home.cnf', '-gencrl', '-crldays', '1', '-out', 'short.crl');
  await openssl('ca', '-config', 'work.cnf', '-gencrl', '-out', 'work.crl');
});
after(() => rm(folder, { recursive: true, force: true }));

const load = async (name: string): Promise<X509Certificate> =>
  new X509Certificate(await readFile(at(`${name}.pem`)));

describe('what a certificate is worth', () => {
  const judge = async (name: string, crl: string | undefined, wallMs = Date.now()) => {
    const lists = crl === undefined ? [] : [readRevocationList(await readFile(at(crl)))];
    const authorities = new ClientAuthorities([{ name: 'home', certificates: [await load('home')], lists }]);
    return authorities.judge(await load(name), wallMs);
  };

  test('a good one is called by its authority, its common name, its other names and its fingerprint', async () => {
    const { names, subject, why } = await judge('laptop', 'home.crl');
    const { fingerprint256 } = await load('laptop');
    assert.deepEqual(names.toSorted(), [
      'home',
      'home/cn=laptop',
      'home/dns=laptop.lan',
      'home/email=ada@example.com',
      `home/sha256=${fingerprint256.replaceAll(':', '').toLowerCase()}`,
      'home/uri=spiffe://lab/laptop',
    ]);
    assert.equal(why, '');
    assert.match(subject, /CN=laptop/);
  });

  test('no, foreign, expired, early, revoked ones and authorities themselves are worth nothing, each in its own words', async () => {
    const authorities = new ClientAuthorities([]);
    assert.match(authorities.judge(undefined, Date.now()).why, /sent no certificate/);
    assert.match((await judge('desk', undefined)).why, /authority that this site does not take/);
    assert.match((await judge('old', undefined)).why, /expired on 2021-01-01/);
    assert.match((await judge('laptop', undefined, Date.now() - 86_400_000 * 2)).why, /not valid now/);
    assert.equal((await judge('phone', undefined)).why, '');
    assert.match((await judge('phone', 'home.crl')).why, /was revoked/);
    assert.match(
      (await judge('laptop', 'short.crl', Date.now() + 2 * 86_400_000)).why,
      /revoked certificates ran out on/,
    );
    assert.match((await judge('home', undefined)).why, /authority's certificate, not a client's/);
  });

  test('a list of another authority says nothing, a damaged one is none', async () => {
    assert.equal(readRevocationList(await readFile(at('work.crl'))).isOf(await load('home')), false);
    assert.equal(readRevocationList(await readFile(at('home.crl'))).isOf(await load('home')), true);
    await openssl('crl', '-in', 'home.crl', '-outform', 'DER', '-out', 'home.der');
    const der = await readFile(at('home.der'));
    assert.equal(readRevocationList(der).serials.size, 1);
    for (let length = 0; length < der.length; length++)
      assert.throws(() => readRevocationList(der.subarray(0, length)));
  });

  test('files are loaded again when they change, and a bad one takes its authority away', async () => {
    const files = new AuthorityFiles({ clock: new FakeClock(), log: silentLog });
    try {
      const pem = await readFile(at('home.pem'));
      await writeFile(at('ca.pem'), pem);
      await files.follow([{ name: 'home', file: at('ca.pem'), crl: at('home.crl') }]);
      assert.ok(files.authorities.has('home'));
      for (const [bytes, fault] of [
        ['nothing', /no certificate in PEM/],
        [await readFile(at('laptop.pem')), /certificate of no authority/],
        [await readFile(at('work.pem')), /signed by no certificate/],
      ] as const) {
        await writeFile(at('ca.pem'), bytes);
        await files.look();
        assert.ok(!files.authorities.has('home'));
        assert.match(files.faults.get('home') ?? '', fault);
      }
      await writeFile(at('ca.pem'), pem);
      await files.look();
      assert.ok(files.authorities.has('home') && files.faults.size === 0);
    } finally {
      files.close();
    }
  });
});

describe('at an edge', () => {
  let world: DeskWorld;
  let origin: RecordingOrigin;
  let authorities = new ClientAuthorities([]);
  before(async () => {
    origin = await RecordingOrigin.start();
    authorities = new ClientAuthorities([
      {
        name: 'home',
        certificates: [await load('home')],
        lists: [readRevocationList(await readFile(at('home.crl')))],
      },
      { name: 'work', certificates: [await load('work')], lists: [] },
    ]);
    const service = origin.url;
    world = await startDeskWorld(
      [
        {
          hostname: 'nas.test',
          service,
          paths: { '/': ['certificate:home'], '/laptop': ['certificate:home/cn=laptop'] },
        },
        { hostname: 'desk.test', service, paths: { '/': ['certificate:work'] } },
        { hostname: 'open.test', service, paths: { '/': 'public' } },
      ],
      { authorities: () => authorities, clock: systemClock },
    );
    await writeFile(at('edge.pem'), world.edge.ca);
  });
  after(async () => {
    await world.edge.close();
    await origin.close();
  });

  const curl = async (
    host: string,
    path: string,
    certificate: string,
    ...more: string[]
  ): Promise<[number, string]> => {
    const args = [
      '-sS',
      '--max-time',
      '20',
      '--cacert',
      at('edge.pem'),
      '--resolve',
      `${host}:${world.edge.port}:127.0.0.1`,
    ];
    const own =
      certificate === '' ? [] : ['--cert', at(`${certificate}.pem`), '--key', at(`${certificate}.key`)];
    const url = `https://${host}:${world.edge.port}${path}`;
    const stdout = await run('curl', [...args, ...own, ...more, '-w', '\n%{http_code}', url]);
    const lines = stdout.split('\n');
    return [Number(lines.at(-1)), lines.slice(0, -1).join('\n')];
  };

  test('the holder of a good one passes, by HTTP/1.1 and HTTP/2, TLS 1.2 and 1.3; everybody else hears why not', async () => {
    for (const way of [['--http1.1'], ['--http2'], ['--http1.1', '--tls-max', '1.2']]) {
      assert.equal((await curl('nas.test', '/', 'laptop', ...way))[0], 200, way.join(' '));
      for (const [certificate, words] of [
        ['', /client sent no certificate/],
        ['desk', /takes other client certificates than yours/],
        ['old', /expired on 2021-01-01/],
        ['phone', /was revoked/],
      ] as const) {
        const [status, text] = await curl('nas.test', '/', certificate, ...way, '-H', 'Accept: text/html');
        assert.equal(status, 403, `${certificate} ${way.join(' ')}`);
        assert.match(text, words);
      }
    }
    assert.equal((await curl('nas.test', '/laptop', 'laptop'))[0], 200);
    assert.equal((await curl('nas.test', '/laptop', 'server'))[0], 403);
    assert.equal((await curl('nas.test', '/', 'server'))[0], 200);
  });

  test('is asked for on names that need it, and on no other', async () => {
    const asked = async (name: string, version: string): Promise<boolean> => {
      const args = [
        's_client',
        '-connect',
        `127.0.0.1:${world.edge.port}`,
        '-servername',
        name,
        version,
        '-msg',
      ];
      const stdout = await run('sh', ['-c', `echo | timeout 20 openssl ${args.join(' ')} 2>&1; true`]);
      return /CertificateRequest/.test(stdout);
    };
    for (const version of ['-tls1_3', '-tls1_2']) {
      assert.equal(await asked('nas.test', version), true, `nas ${version}`);
      assert.equal(await asked('desk.test', version), true, `desk ${version}`);
      assert.equal(await asked('open.test', version), false, `open ${version}`);
      assert.equal(await asked('elsewhere.test', version), false, `elsewhere ${version}`);
    }
  });

  test('the service learns the subject, and what a client says of itself is dropped', async () => {
    await curl(
      'nas.test',
      '/',
      'laptop',
      '-H',
      'X-Sallyport-Certificate: CN=admin',
      '-H',
      'x_sallyport_certificate: CN=admin',
    );
    const fields = JSON.stringify(origin.requests.at(-1)!.fields).toLowerCase();
    assert.match(fields, /"x-sallyport-certificate[^}]*cn=laptop/);
    assert.match(fields, /x-sallyport-assertion/);
    assert.doesNotMatch(fields, /cn=admin/);
    await curl('open.test', '/', 'laptop', '-H', 'X-Sallyport-Certificate: CN=admin');
    assert.doesNotMatch(
      JSON.stringify(origin.requests.at(-1)!.fields).toLowerCase(),
      /x-sallyport-certificate/,
    );
  });

  test('a connection of HTTP/2 does not carry it to a name with other authorities: 421, and a connection of its own serves', async () => {
    const session = await open('nas.test', 'laptop');
    try {
      assert.equal(await statusOf(session, 'nas.test'), 200);
      assert.equal(await statusOf(session, 'desk.test'), 421);
      assert.equal(await statusOf(session, 'open.test'), 200);
    } finally {
      session.close();
    }
    const plain = await open('open.test', 'desk');
    try {
      assert.equal(await statusOf(plain, 'nas.test'), 421);
      assert.equal(await statusOf(plain, 'desk.test'), 421);
    } finally {
      plain.close();
    }
    assert.equal((await curl('desk.test', '/', 'desk'))[0], 200);
  });

  test('one that is revoked ends what it has let in', async () => {
    assert.equal((await curl('desk.test', '/', 'desk'))[0], 200);
    const before = authorities;
    authorities = new ClientAuthorities([]);
    try {
      assert.equal((await curl('desk.test', '/', 'desk'))[0], 403);
      assert.match(
        world.desk.lacks(compilePolicy(['certificate:work/cn=desk'])).join(),
        /no authority "work"/,
      );
    } finally {
      authorities = before;
    }
  });

  test('an open stream is cut when its certificate is revoked, by the list that openssl wrote', async () => {
    await issue('home', 'tablet');
    await openssl('ca', '-config', 'home.cnf', '-gencrl', '-out', 'live.crl');
    const files = new AuthorityFiles({ clock: new FakeClock(), log: silentLog });
    const before = authorities;
    try {
      await files.follow([{ name: 'home', file: at('home.pem'), crl: at('live.crl') }]);
      authorities = files.authorities;
      // As the edge's own process does (roles/edge-instance.ts).
      files.onChange = () => {
        authorities = files.authorities;
        world.edge.edge.endVisits((grant) => world.desk.isGrantGood(grant));
      };
      origin.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst';
      const watched = await openStream('tablet');
      const other = await openStream('laptop');
      await openssl('ca', '-config', 'home.cnf', '-revoke', 'tablet.pem');
      await openssl('ca', '-config', 'home.cnf', '-gencrl', '-out', 'live.crl');
      await files.look();
      await watched.waitForClose();
      assert.equal(other.end, 'open', "another's goes on");
      other.close();
    } finally {
      authorities = before;
      origin.answer = plainAnswer;
      files.close();
    }
  });

  /** A download that has begun. */
  async function openStream(certificate: string): Promise<RawConnection> {
    const socket = connectTls({
      ...{ port: world.edge.port, host: '127.0.0.1', servername: 'nas.test', ca: world.edge.ca },
      ...{ cert: await readFile(at(`${certificate}.pem`)), key: await readFile(at(`${certificate}.key`)) },
      ALPNProtocols: ['http/1.1'],
    });
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(limitMs) });
    const stream = new RawConnection(socket);
    stream.send('GET /film HTTP/1.1\r\nHost: nas.test\r\n\r\n');
    await stream.waitFor('first');
    return stream;
  }

  async function open(name: string, certificate: string): Promise<ClientHttp2Session> {
    const session = connect(`https://127.0.0.1:${world.edge.port}`, {
      ...{ ca: world.edge.ca, servername: name },
      cert: await readFile(at(`${certificate}.pem`)),
      key: await readFile(at(`${certificate}.key`)),
    });
    session.on('error', () => undefined);
    return session;
  }

  function statusOf(session: ClientHttp2Session, host: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const stream = session.request(
      { ':path': '/', ':authority': host },
      { signal: AbortSignal.timeout(limitMs) },
    );
    stream.on('response', (headers) => resolve(Number(headers[':status'])));
    stream.on('error', reject);
    stream.resume().end();
    return promise;
  }
});
