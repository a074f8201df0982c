// Sessions resumed with `openssl s_client`: after a restart of the edge, and at another edge that shares its data folder.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, type RunningProcess, startProcess } from '../support/process.ts';

test('a visitor resumes his session after a restart, and at another edge that shares the keys', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tickets-'));
  const edges: RunningProcess[] = [];
  context.after(async () => {
    await Promise.all(edges.map((edge) => edge.stop()));
    rmSync(folder, { recursive: true });
  });
  const ports = [await freePort(), await freePort()] as const;
  const start = async (port: number): Promise<RunningProcess> => {
    const config = { listen: { https: `127.0.0.1:${port}`, http: [] }, dataDir: 'data', internalCa: true };
    writeFileSync(join(folder, `${port}.yml`), JSON.stringify({ ...config, accessLog: 'off' }));
    const edge = startSallyport(['edge', 'run', '--config', join(folder, `${port}.yml`)]);
    edges.push(edge);
    await eventually('the edge is ready', () => {
      if (edge.exitCode() !== null) throw new Error(edge.stderr());
      return edge.stderr().includes('The edge is ready');
    });
    return edge;
  };
  const session = join(folder, 'session.pem');
  /** Says a request, so that the tickets of TLS 1.3 come; `flags` keep or use a session. */
  const visit = async (port: number, flags: readonly string[]): Promise<string> => {
    const input = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      'localhost',
      '-ign_eof',
      ...flags,
    ];
    const client = startProcess('openssl', args, { input });
    await client.ended;
    return client.stdout();
  };
  const first = await start(ports[0]);
  for (const version of ['-tls1_3', '-tls1_2']) {
    assert.match(await visit(ports[0], [version, '-sess_out', session]), /^New, TLSv1/m);
    assert.ok(existsSync(session));
    assert.match(await visit(ports[0], [version, '-sess_in', session]), /^Reused, TLSv1/m, version);
  }
  await first.stop();
  await start(ports[0]);
  assert.match(await visit(ports[0], ['-tls1_2', '-sess_in', session]), /^Reused, TLSv1/m, 'after a restart');
  await start(ports[1]);
  assert.match(
    await visit(ports[1], ['-tls1_2', '-sess_in', session]),
    /^Reused, TLSv1/m,
    'at the other edge',
  );
});
