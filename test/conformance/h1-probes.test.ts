// Every published byte probe, over plain HTTP and over TLS, against our edge with a recording origin behind the tunnel:
// at least as strict as the strictest released proxy, and whatever reaches the origin is byte for byte what the table
// in h1-forwarded.ts says.
//
//     SALLYPORT_PRINT_FORWARDED=1 node --test test/conformance/h1-probes.test.ts     prints the table anew
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Demo, startDemo } from '../support/demo.ts';
import { pause } from '../support/eventually.ts';
import { openRaw, type RawTarget } from '../support/raw-client.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { forwardedBytes } from './h1-forwarded.ts';
import {
  classify,
  loadProbes,
  type Observed,
  type Probe,
  strictestPeer,
  strictness,
} from './h1-probes-peers.ts';

/** How long a connection is watched after the last byte; the peers were given 900 ms. */
const quietMs = 250;
const probes = loadProbes();
const isPrinting = process.env['SALLYPORT_PRINT_FORWARDED'] === '1';

/** Rows where being as strict as the strictest peer would be wrong, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'asterisk OPTIONS *':
    'nginx answers 400; RFC 9110 section 9.3.7 gives this request a meaning, so the edge answers it',
};

let origin: RecordingOrigin;
let demo: Demo;
let plainDemo: Demo;

before(async () => {
  origin = await RecordingOrigin.start();
  const services = { 'a.example': origin.url, 'b.example': origin.url };
  demo = await startDemo({ services });
  plainDemo = await startDemo({ services, extraArgs: ['--serve-http'] });
});

after(async () => {
  await demo.close();
  await plainDemo.close();
  await origin.close();
});

describe('HTTP/1.1 byte probes', () => {
  for (const probe of probes) {
    test(`${probe.name}: over TLS as strict as the strictest of nginx, HAProxy, Caddy and Apache`, async () => {
      const seen = await observe(probe, {
        port: demo.httpsPort,
        tls: { serverName: 'a.example', ca: demo.ca },
      });
      if (isPrinting) print(probe, seen);
      assertStrict(probe, seen);
      assertForwarded(probe, seen, 'https');
    });

    test(`${probe.name}: the same over plain HTTP where it is served`, async () => {
      const seen = await observe(probe, { port: plainDemo.httpPort });
      assertStrict(probe, seen);
      assertForwarded(probe, seen, 'http');
    });

    test(`${probe.name}: where plain HTTP redirects, nothing reaches an origin`, async () => {
      const seen = await observe(probe, { port: demo.httpPort });
      assert.equal(seen.forwarded, '');
      // A redirect may go out before a bad body is seen; the connection is then closed and the body never read.
      if (seen.status[0] === '308' && seen.end !== 'open') return;
      assertStrict(probe, seen);
    });
  }
});

test('OPTIONS * is answered by the edge itself and never forwarded', async () => {
  const probe = probes.find((one) => one.name === 'asterisk OPTIONS *')!;
  const seen = await observe(probe, { port: demo.httpsPort, tls: { serverName: 'a.example', ca: demo.ca } });
  assert.equal(seen.forwarded, '');
  assert.match(seen.status[0] ?? 'none', /^20[04]$/);
});

/** Sends the probe on a connection of its own and watches both sides. */
async function observe(probe: Probe, target: RawTarget): Promise<Observed> {
  origin.reset();
  const connection = await openRaw(target);
  connection.send(probe.bytes);
  const end = await connection.settle(quietMs);
  await pause(10);
  const requests = origin.requests;
  // Bytes that never became a whole request do not count as forwarded, but they must not wait to become one.
  for (const one of origin.connections) {
    const complete = one.requests.reduce((sum, request) => sum + request.raw.length, 0);
    assert.ok(
      one.raw.length === complete || one.isClosed,
      `part of a request was left at the origin: ${one.raw}`,
    );
  }
  const status = [...connection.text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => match[1]!);
  connection.close();
  return {
    status,
    end: end === 'closed' ? 'close' : end,
    forwarded: requests.map((request) => request.raw).join(''),
  };
}

function assertStrict(probe: Probe, seen: Observed): void {
  const [ours, theirs] = [classify(seen), strictestPeer(probe)];
  if (probe.name in exceptions) return;
  assert.ok(
    strictness.indexOf(ours) >= strictness.indexOf(theirs),
    `${ours} (${seen.status.join(' ')} ${seen.end}), where the strictest peer: ${theirs}`,
  );
  if (ours === 'refused' && /^(400|414|431|501|505)$/.test(seen.status[0] ?? '')) {
    assert.notEqual(seen.end, 'open', 'a connection is closed after a request that could not be read');
  }
}

function assertForwarded(probe: Probe, seen: Observed, scheme: 'http' | 'https'): void {
  const expected = (forwardedBytes[probe.name] ?? '').replaceAll('-Proto: https', `-Proto: ${scheme}`);
  assert.equal(normalised(seen.forwarded), expected);
  if (seen.forwarded === '') return;
  for (const request of origin.requests) {
    const count = (name: string): number =>
      request.fields.filter(([key]) => key.toLowerCase() === name).length;
    assert.equal(count('host'), 1, 'exactly one Host');
    assert.ok(count('content-length') + count('transfer-encoding') <= 1, 'at most one framing');
    for (const [name, value] of request.fields) {
      assert.match(name, /^[!#$%&'*+\-.^`|~0-9A-Za-z]+$/, 'a field name is a token without an underscore');
      assert.ok(!/6\.6\.6\.6|1\.2\.3\.4|evil/.test(value), `a spoofed value in ${name}: ${value}`);
      assert.ok(!/^(keep-alive|proxy-connection|te|http2-settings)$/i.test(name), `${name} is hop-by-hop`);
    }
    assert.match(request.requestLine, /^[A-Z]+ \/[!-~]* HTTP\/1\.1$/, 'a canonical request line');
  }
}

/** What differs from run to run, replaced. */
function normalised(text: string): string {
  return text
    .replace(/(X-Request-Id: )[^\r]+/g, '$1{id}')
    .replace(/(CDN-Loop: )sallyport-[0-9a-f]{12}(?=\r)/g, '$1{loop}')
    .replaceAll(`:${demo.httpsPort}`, ':{port}')
    .replace(/a{200,}/g, (run) => `{a x ${run.length}}`)
    .replace(/(?:X-\d+: 1\r\n){20,}/g, (run) => `{${run.split('\r\n').length - 1} X-n}`)
    .replace(/bytes=[\d,-]{500,}/g, (run) => `{${run.length} bytes of ranges}`);
}

function print(probe: Probe, seen: Observed): void {
  if (seen.forwarded === '') return;
  process.stdout.write(
    `FORWARDED  ${JSON.stringify(probe.name)}: ${JSON.stringify(normalised(seen.forwarded))},\n`,
  );
}
