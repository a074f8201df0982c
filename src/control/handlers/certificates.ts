// Handlers of the operations on certificates. The edge has them; here they are searched, and every change is written down.
import type { certificateOperations } from '#api/certificates.ts';
import type { CertificateDetail, CertificateView } from '#model/certificates/certificate-view.ts';
import type { Caller } from '../command.ts';
import { required } from '../control-state.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';

/** What needs somebody's eye comes first. */
const stateOrder: readonly CertificateView['state'][] = ['bad', 'missing', 'expiring', 'internal', 'good'];

/** Makes them. */
export function certificateHandlers({
  control,
  edge,
}: Sources): Handlers<keyof typeof certificateOperations> {
  const find = async (idOrName: string): Promise<CertificateDetail> =>
    required(findCertificate(await edge.listCertificates(), idOrName), 'certificate', idOrName);
  /** No command decides this: it is the edge's own state, and only the note of it is kept here. */
  const note = (
    action: string,
    subject: CertificateDetail,
    after: object | null,
    caller: Caller,
  ): Promise<void> =>
    control.note(
      {
        action,
        noun: 'certificate',
        objectId: subject.id.slice(0, 200),
        objectName: (subject.hostnames[0] ?? subject.names[0] ?? subject.id).slice(0, 300),
        before: null,
        after,
      },
      caller,
    );
  return {
    async listCertificates({ query }) {
      const all = (await edge.listCertificates()).map(withoutOrders);
      return pageOfList({
        ...query,
        items: all.filter(({ state }) => query.state === undefined || state === query.state),
        search: query.search,
        cursor: query.cursor,
        texts: ({ id, names, hostnames, issuer }) => [id, issuer, ...names, ...hostnames],
        key: (certificate) => sortKey(certificate, query.sort),
      });
    },
    getCertificate: ({ params }) => find(params.certificate),
    async renewCertificate({ params }, { caller }) {
      const { id } = await find(params.certificate);
      const renewed = await edge.renewCertificate(id);
      await note('renewed', renewed, null, caller);
      return renewed;
    },
    async importCertificate({ body }, { caller }) {
      const imported = await edge.importCertificate(body);
      const { names, fingerprint, notAfterMs } = imported;
      await note('imported', imported, { names, fingerprint, notAfterMs }, caller);
      return imported;
    },
    async deleteCertificate({ params }, { caller }) {
      const { id } = await find(params.certificate);
      await note('deleted', await edge.forgetCertificate(id), null, caller);
      return undefined;
    },
  };
}

/** By id, by a hostname that is shown it, or by a name in it. */
export function findCertificate(
  all: readonly CertificateDetail[],
  idOrName: string,
): CertificateDetail | undefined {
  const wanted = idOrName.toLowerCase();
  return (
    all.find(({ id }) => id === wanted) ??
    all.find(({ hostnames }) => hostnames.includes(wanted)) ??
    all.find(({ names }) => names.includes(wanted))
  );
}

function withoutOrders({ orders: _orders, ...view }: CertificateDetail): CertificateView {
  return view;
}

function sortKey(certificate: CertificateView, sort: 'name' | 'notAfter' | 'state'): string | number {
  const name = certificate.hostnames[0] ?? certificate.names[0] ?? certificate.id;
  switch (sort) {
    case 'name':
      return name;
    case 'notAfter':
      return certificate.notAfterMs ?? 0;
    case 'state':
      return `${certificate.warning === '' ? 1 : 0} ${stateOrder.indexOf(certificate.state)} ${name}`;
  }
}
