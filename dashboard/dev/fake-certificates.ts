// Certificates of the world in memory: one of each kind there is, so that every look of the pages can be seen.
import type { CertificateDetail, OrderView } from '#model/certificates/certificate-view.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeWorld } from './fake-world.ts';

type CertificateIds =
  | 'listCertificates'
  | 'getCertificate'
  | 'renewCertificate'
  | 'importCertificate'
  | 'deleteCertificate';

const day = 86_400_000;

/** Handlers of these operations. */
export function certificateHandlers(world: FakeWorld): Pick<Handlers, CertificateIds> {
  const all = certificatesOf(world);
  const find = (id: string): CertificateDetail => {
    const found = all.find((one) => one.id === id || one.hostnames.includes(id));
    if (found === undefined) throw new Refusal('not-found', `There is no certificate ${id}.`);
    return found;
  };
  return {
    listCertificates({ query }) {
      const items = all.filter(
        ({ state, names }) =>
          (query.state === undefined || state === query.state) &&
          names.join(' ').includes(query.search ?? ''),
      );
      return { items, nextCursor: null, total: items.length };
    },
    getCertificate: ({ params }) => find(params.certificate),
    renewCertificate: ({ params }) => find(params.certificate),
    importCertificate: () => {
      throw new Refusal('certificate-invalid', 'Importing needs a real edge.');
    },
    deleteCertificate({ params }) {
      all.splice(all.indexOf(find(params.certificate)), 1);
      return undefined;
    },
  };
}

function certificatesOf(world: FakeWorld): CertificateDetail[] {
  const now = Date.now();
  const hostnames = [...new Set(world.routes.map(({ hostname }) => hostname))];
  const order = (names: string[], failure: OrderView['failure']): OrderView => ({
    ...{ names, authority: 'letsencrypt', method: 'http-01', methodReason: 'this edge answers on port 80' },
    ...{ cause: 'renewal: two thirds of its life', failure },
    startedAtMs: now - 3 * day,
    endedAtMs: now - 3 * day + 4_200,
    lines: [`${new Date(now - 3 * day).toISOString()} renewal: two thirds of its life; http-01`],
  });
  return hostnames.map((hostname, i): CertificateDetail => {
    const failure =
      i === 1
        ? {
            code: 'validation-failed',
            message: `${hostname} could not be validated.`,
            problem: 'dns',
            failedNames: {},
          }
        : null;
    const last = order([hostname], failure);
    return {
      id: `${hostname}-${i}`,
      ...{ names: [hostname], hostnames: [hostname], source: 'acme', state: i === 1 ? 'expiring' : 'good' },
      detail: 'Renewed by the edge.',
      warning: failure === null ? '' : `${failure.message} In nine days visitors are turned away.`,
      ...{ isOrdering: false, issuer: "R11, Let's Encrypt", authority: 'letsencrypt', profile: '' },
      ...{
        method: 'http-01',
        methodReason: 'this edge answers on port 80',
        serial: '04ab',
        fingerprint: 'AB:CD',
      },
      notBeforeMs: now - 30 * day,
      notAfterMs: now + (i === 1 ? 9 : 60) * day,
      renewal: { atMs: now + 30 * day, reason: 'two thirds of its life', window: null },
      nextTryAtMs: null,
      lastOrder: last,
      orders: [last],
    };
  });
}
