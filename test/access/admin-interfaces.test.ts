// Administration pages that anybody can reach are known by their answers: a real server answers as each product does, behind a
// real edge and connector, and the edge says which it is: on the command line, in the list of what is exposed, and among the
// troubles, until somebody says who may pass, or that it is meant.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { adminSignatures } from '#control/exposure/admin-signatures.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { adminAnswers, type AnswerRow, otherAnswers } from './admin-answers.ts';

const rows: readonly AnswerRow[] = [...adminAnswers, ...otherAnswers];
const hostnameOf = (i: number): string => `p${i}.localhost`;
const site = 'site.localhost';

describe('administration pages', () => {
  let edge: OwnEdge;
  let server: Server;
  const seen: { readonly host: string; readonly agent: string }[] = [];
  before(async () => {
    server = createServer((request, response) => {
      const host = String(request.headers.host).split(':')[0]!;
      seen.push({ host, agent: String(request.headers['user-agent']) });
      const row = rows[Number(/^p(\d+)\./.exec(host)?.[1])];
      if (!row) return void response.end('a site');
      const { status = 200, headers = {}, html = '', leadsTo } = row;
      if (leadsTo !== undefined && request.url !== leadsTo)
        return void response.writeHead(302, { location: leadsTo }).end();
      response.writeHead(status, {
        'content-type': 'text/html; charset=utf-8',
        ...(headers as Record<string, string | string[]>),
      });
      response.end(html);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    edge = await OwnEdge.start();
    const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await edge.serve('home', [site, ...rows.map((_, i) => hostnameOf(i))], service);
  });
  after(async () => {
    await edge?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const recognise = (route: string) => edge.api.recogniseRoute({ params: { route } });

  test('at least 25 products are known, and each signature has an answer that it knows', () => {
    const known = new Set(adminSignatures.map(({ product }) => product));
    assert.ok(known.size >= 25, String(known.size));
    assert.equal(known.size, adminSignatures.length, 'no product stands twice');
    assert.deepEqual(
      [...known].toSorted(),
      [...new Set(adminAnswers.map(({ product }) => product))].toSorted(),
    );
  });

  test('each is known by what it answers through edge and connector; other sites are not taken for one', async () => {
    const wrong: string[] = [];
    for (const [i, { product }] of rows.entries()) {
      const { product: found } = await recognise(hostnameOf(i));
      if ((found ?? '') !== product)
        wrong.push(`${product === '' ? otherAnswers[i - adminAnswers.length]!.what : product}: ${found}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(
      seen.some(({ agent }) => agent.startsWith('sallyport')),
      'the edge says who asks',
    );
  });

  const first = hostnameOf(adminAnswers.findIndex(({ product }) => product === 'Portainer'));
  const troubleOf = async (hostname: string) =>
    (await edge.api.getStatus()).troubles.find(
      ({ id, title }) => id.startsWith('admin:') && title.startsWith(hostname),
    );
  const exposureOf = async (hostname: string) =>
    (await edge.api.listExposed({ query: { search: hostname } })).items[0]!;

  test('it is among the troubles, as an error with its cure, and in the list of what is exposed', async () => {
    const trouble = (await troubleOf(first))!;
    assert.equal(trouble.severity, 'error');
    assert.equal(trouble.title, `${first} is Portainer, and anybody can reach it`);
    assert.match(trouble.cure, new RegExp(`sallyport access set ${first} --access private`));
    assert.match((await exposureOf(first)).warning, /This is Portainer, an administration page/);
    const { out } = await edge.command('status');
    assert.match(out, new RegExp(`${first} is Portainer`));
    assert.match((await edge.command('exposed', '--search', first)).out, /This is Portainer/);
  });

  test('a policy ends the warning at once, and so does saying that it is meant', async () => {
    const set = (policy: string) => edge.command('access', 'set', first, '--access', policy);
    assert.doesNotMatch((await set('private')).out, /WARNING/);
    assert.equal(await troubleOf(first), undefined);
    assert.match(
      (await set('public')).out,
      /WARNING: .* is Portainer, and anybody can reach it\. Say who may/,
    );
    assert.ok(await troubleOf(first));
    assert.doesNotMatch((await set('public-on-purpose')).out, /WARNING/);
    assert.equal(await troubleOf(first), undefined);
    const { access, warning } = await exposureOf(first);
    assert.deepEqual([access, warning], ['public-on-purpose', '']);
    assert.equal((await edge.get(first, '/')).status, 200, 'it is as open as before');
  });

  test('adding a route to one says so loudly; to a site it says nothing', async () => {
    const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const add = (hostname: string, ...more: string[]) =>
      edge.command('route', 'add', hostname, '--tunnel', 'home', '--service', service, ...more);
    // The same hostname below another path: the server knows it by its name.
    const [second, third] = [hostnameOf(0), hostnameOf(1)];
    assert.match(
      (await add(`${second}/again`)).out,
      /WARNING: .*\/again is Proxmox VE, and anybody can reach it/,
    );
    assert.doesNotMatch((await add(`${third}/again`, '--access', 'private')).out, /WARNING/);
    assert.doesNotMatch((await add(`${site}/again`)).out, /WARNING/);
  });
});
