// `sallyport cert list|show|renew|import|remove`.
import { SallyportError } from '#base/errors.ts';
import type { CertificateDetail, CertificateView, OrderView } from '#model/certificates/certificate-view.ts';
import { textOf } from '../command.ts';
import { paint } from '../paint.ts';
import {
  allItems,
  argument,
  confirm,
  edgeCommand,
  type EdgeSession,
  timeText,
  yesFlag,
} from './edge-command.ts';
import { readText } from './tunnels.ts';

const nameCertificate = 'Name a hostname or a certificate; "sallyport cert list" shows them.';
/** How often `cert renew --wait` looks, and how long: an order lives for ten minutes, others may go before it. */
const renewalLookMs = 1_000;
const renewalWaitMs = 15 * 60_000;

export const certListCommand = edgeCommand({
  words: ['cert', 'list'],
  usage: '[flags]',
  summary: 'list certificates, and hostnames that have none',
  description: `Lists every certificate with the hostnames that are shown it, until when it is
good and when it is renewed. What needs a look comes first.`,
  flags: [{ name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' }],
  examples: ['sallyport cert list', 'sallyport cert list --output json'],
  maxArgs: 0,
  async run(session) {
    const search = textOf(session.input, 'search') || undefined;
    const certificates = await allItems((page) =>
      session.api.listCertificates({ query: { search, ...page } }),
    );
    session.table(
      certificates,
      [
        { title: 'HOSTNAME', value: hostnamesText, givesWay: true },
        { title: 'STATE', value: stateText },
        { title: 'FROM', value: ({ source, authority }) => authority || sourceWords[source] },
        { title: 'METHOD', value: ({ method }) => method || '-' },
        { title: 'EXPIRES', value: ({ notAfterMs }) => dayText(notAfterMs) },
        { title: 'RENEWAL', value: ({ renewal }) => dayText(renewal?.atMs ?? null) },
      ],
      'There are no certificates, and no hostname is served.',
    );
    if (session.isJson) return;
    for (const certificate of certificates) {
      if (certificate.warning !== '')
        session.print(`\n${hostnamesText(certificate)}: ${certificate.warning}\n`);
    }
  },
});

export const certShowCommand = edgeCommand({
  words: ['cert', 'show'],
  usage: 'HOSTNAME|ID [flags]',
  summary: 'show a certificate, and how its last order went',
  description: `Shows a certificate: names, issuer, dates, by which method it was got and why,
what the authority suggests for its renewal, and the log of the last order.`,
  examples: ['sallyport cert show blog.example.com'],
  maxArgs: 1,
  async run(session) {
    const certificate = argument(session, 0, nameCertificate);
    const shown = await session.api.getCertificate({ params: { certificate } });
    session.show(shown, () => certificateText(shown, session.context.hasColours));
  },
});

export const certRenewCommand = edgeCommand({
  words: ['cert', 'renew'],
  usage: 'HOSTNAME|ID [--wait] [flags]',
  summary: 'order a certificate now',
  description: `Orders a certificate anew, or the first one for a hostname, whatever the time
and whatever failed before. The present one stays until the new one is there.`,
  flags: [{ name: 'wait', type: 'boolean', help: 'until the order has ended, and show how it went' }],
  examples: ['sallyport cert renew blog.example.com --wait'],
  exitCodes: { 1: 'the order failed, or the edge could not be asked' },
  maxArgs: 1,
  async run(session) {
    const params = { certificate: argument(session, 0, nameCertificate) };
    const before = await session.api.renewCertificate({ params });
    if (session.input.flags.get('wait') !== true) {
      session.show(
        before,
        () =>
          `Ordered ${hostnamesText(before)} at ${session.edge}; see "sallyport cert show ${params.certificate}".\n`,
      );
      return 0;
    }
    const after = await waitForOrder(session, params, before);
    session.show(after, () => orderText(after.orders[0], session.context.hasColours));
    return after.lastOrder?.failure ? 1 : 0;
  },
});

/** Until an order has ended that was not there before. */
async function waitForOrder(
  { api, context }: EdgeSession,
  params: { readonly certificate: string },
  before: CertificateDetail,
): Promise<CertificateDetail> {
  const seenMs = before.lastOrder?.endedAtMs ?? -1;
  // What had none is shown under another id when it has one; its hostname stays.
  const certificate = before.hostnames[0] ?? params.certificate;
  let waitedMs = 0;
  for (;;) {
    const now = await api.getCertificate({ params: { certificate } });
    if ((now.lastOrder?.endedAtMs ?? -1) > seenMs || waitedMs >= renewalWaitMs) return now;
    await context.wait(renewalLookMs);
    waitedMs += renewalLookMs;
  }
}

export const certImportCommand = edgeCommand({
  words: ['cert', 'import'],
  usage: '--cert FILE --key FILE [flags]',
  summary: 'bring a certificate with its key',
  description: `Hands a certificate and its key to the edge, which looks at chain, key, names
and dates, and shows it at once. One with the same names takes the place of the
one before. The key is sealed where it is kept.`,
  flags: [
    { name: 'cert', type: 'string', value: 'FILE', help: 'PEM: the certificate, then its chain' },
    { name: 'key', type: 'string', value: 'FILE', help: 'PEM, without a passphrase' },
  ],
  examples: ['sallyport cert import --cert fullchain.pem --key privkey.pem'],
  maxArgs: 0,
  async run(session) {
    const files = [textOf(session.input, 'cert'), textOf(session.input, 'key')] as const;
    if (files.includes('')) {
      throw new SallyportError(
        'usage',
        'Name both files: sallyport cert import --cert fullchain.pem --key privkey.pem.',
      );
    }
    const [certificate, key] = [readText(files[0]), readText(files[1])];
    const imported = await session.api.importCertificate({ body: { certificate, key } });
    session.show(imported, () => {
      const until = dayText(imported.notAfterMs);
      const warning = imported.warning === '' ? '' : `${imported.warning}\n`;
      return `Imported the certificate for ${imported.names.join(', ')} at ${session.edge}, good until ${until}.\n${warning}`;
    });
  },
});

export const certRemoveCommand = edgeCommand({
  words: ['cert', 'remove'],
  usage: 'HOSTNAME|ID [flags]',
  summary: 'remove an imported certificate',
  description: `Removes a certificate that was imported. Where one can be ordered, it is.`,
  flags: [yesFlag],
  examples: ['sallyport cert remove blog.example.com'],
  maxArgs: 1,
  async run(session) {
    const certificate = argument(session, 0, nameCertificate);
    await confirm(session, `Remove the certificate ${certificate} at ${session.edge}?`);
    await session.api.deleteCertificate({ params: { certificate } });
    session.show({ removed: certificate }, () => `Removed ${certificate} at ${session.edge}.\n`);
  },
});

const sourceWords: Readonly<Record<CertificateView['source'], string>> = {
  acme: 'ACME',
  imported: 'imported',
  file: 'a file',
  internal: 'internal CA',
  none: '-',
};

/** The first hostname it serves, and how many more. */
function hostnamesText({ hostnames, names, id }: CertificateView): string {
  const all = hostnames.length > 0 ? hostnames : names;
  const more = all.length > 1 ? ` +${all.length - 1}` : '';
  return `${all[0] ?? id}${more}${hostnames.length > 0 ? '' : ' (not served)'}`;
}

function stateText({ state, isOrdering, lastOrder }: CertificateView): string {
  if (isOrdering) return `${state}, ordering`;
  return lastOrder?.failure ? `${state}, order failed` : state;
}

function dayText(atMs: number | null): string {
  return atMs === null ? '-' : new Date(atMs).toISOString().slice(0, 10);
}

function certificateText(certificate: CertificateDetail, hasColours: boolean): string {
  const { bold, bad } = paint(hasColours);
  const { renewal, method, methodReason, warning, orders } = certificate;
  const window = renewal?.window;
  const rows: [string, string][] = [
    ['HOSTNAMES:', certificate.hostnames.join(', ') || 'none is served with it'],
    ['NAMES:', certificate.names.join(', ')],
    ['STATE:', `${stateText(certificate)}: ${certificate.detail}`],
    ['FROM:', sourceWords[certificate.source]],
    ['ISSUER:', certificate.issuer || '-'],
    [
      'AUTHORITY:',
      `${certificate.authority || '-'}${certificate.profile === '' ? '' : `, profile ${certificate.profile}`}`,
    ],
    ['METHOD:', method === '' ? '-' : `${method}, because ${methodReason}`],
    ['VALID:', `${timeText(certificate.notBeforeMs)} to ${timeText(certificate.notAfterMs)}`],
    ['RENEWAL:', renewal ? `${timeText(renewal.atMs)}, ${renewal.reason}` : '-'],
    ['SUGGESTED:', window ? `${timeText(window.startMs)} to ${timeText(window.endMs)}` : '-'],
    ['SERIAL:', certificate.serial || '-'],
    ['SHA-256:', certificate.fingerprint || '-'],
    ['ID:', certificate.id],
  ];
  const facts = rows.map(([key, value]) => `${key.padEnd(11)} ${value}\n`).join('');
  const alarm = warning === '' ? '' : `${bad('!')} ${warning}\n\n`;
  const last = orders.length === 0 ? '' : `\n${bold('Last order')}\n${orderText(orders[0], hasColours)}`;
  return `${alarm}${facts}${last}`;
}

function orderText(order: OrderView | undefined, hasColours: boolean): string {
  if (!order) return 'No order has ended yet.\n';
  const { bad, dim } = paint(hasColours);
  const { failure, names, authority, startedAtMs, endedAtMs, lines } = order;
  const seconds = ((endedAtMs - startedAtMs) / 1000).toFixed(1);
  const outcome = failure ? bad(`failed (${failure.code})`) : 'issued';
  return `${names.join(', ')} at ${authority}: ${outcome} after ${seconds} s\n${lines.map((line) => `  ${dim(line)}\n`).join('')}`;
}
