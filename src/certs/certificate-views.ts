// Every certificate as people see it (model/certificates/certificate-view.ts), made from what is known at this moment: which hostname is
// shown which, what the vault remembers of orders, what the plan will do next. One for each certificate, one for each
// hostname that has none or a leaf of the internal CA.
import { X509Certificate } from 'node:crypto';
import type { CertificateRecord, OrderRecord } from '#model/certificates/certificate-record.ts';
import type { CertificateDetail, CertificateView, OrderView } from '#model/certificates/certificate-view.ts';
import type { Certificate } from './certificate.ts';
import { conditionOf, dayOf } from './certificate-condition.ts';
import { namesOf } from './certificate-facts.ts';
import type { CertificateFiles } from './certificate-files.ts';
import type { CertificateOrigin, CertificateStore } from './certificate-store.ts';
import { chainWarning, issuerName } from './import-certificate.ts';
import type { CertificateManager } from './issuance/certificate-manager.ts';
import { pastTries } from './issuance/order-history.ts';
import { outlook } from './issuance/order-report.ts';
import { renewalTime } from './issuance/renewal-time.ts';

export interface CertificateViewsOptions {
  readonly store: CertificateStore;
  readonly files: CertificateFiles;
  readonly manager: CertificateManager;
}

/** Orders told of one certificate. */
const maxOrders = 10;

/** What is read from the certificate itself. */
interface Facts {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly chainWarning: string;
}

interface Group {
  readonly id: string;
  readonly origin: CertificateOrigin;
  readonly hostnames: string[];
}

/** See the head of the file. */
export class CertificateViews {
  readonly #options: CertificateViewsOptions;
  /** By PEM: taken apart once. */
  #facts = new Map<string, Facts>();

  constructor(options: CertificateViewsOptions) {
    this.#options = options;
  }

  /** All of them, for these served hostnames. */
  async list(hostnames: readonly string[]): Promise<CertificateDetail[]> {
    const { manager } = this.#options;
    const orders = await manager.recentOrders();
    const known = this.#facts;
    this.#facts = new Map();
    return this.#groups(hostnames).map((group) => this.#view(group, orders, known));
  }

  #groups(hostnames: readonly string[]): Group[] {
    const { store, files, manager } = this.#options;
    const groups = new Map<string, Group>();
    const add = (id: string, origin: CertificateOrigin, hostname?: string): void => {
      const group = groups.get(id) ?? { id, origin, hostnames: [] };
      groups.set(id, group);
      if (hostname !== undefined) group.hostnames.push(hostname);
    };
    for (const hostname of hostnames) {
      const origin = store.originFor(hostname);
      add(idOf(origin, hostname), origin, hostname);
    }
    for (const certificate of manager.keeper.shown.all) {
      add(certificate.record.id, { source: 'issued', certificate });
    }
    for (const certificate of files.all) {
      const origin = { source: 'file', certificate } as const;
      add(idOf(origin, ''), origin);
    }
    return [...groups.values()];
  }

  #view(
    group: Group,
    allOrders: readonly OrderRecord[],
    known: ReadonlyMap<string, Facts>,
  ): CertificateDetail {
    const { manager } = this.#options;
    const { id, origin, hostnames } = group;
    const nowMs = manager.wallMs();
    const record = origin.source === 'issued' ? origin.certificate.record : undefined;
    const certificate = origin.source === 'none' ? undefined : origin.certificate;
    const facts = certificate && this.#factsOf(certificate, known);
    const names = facts?.names ?? hostnames;
    const ordered =
      record?.names ?? hostnames.map((hostname) => manager.wanted.nameFor(hostname) ?? hostname);
    const mine = allOrders.filter(
      (order) => order.certificateId === id || order.names.some((name) => ordered.includes(name)),
    );
    const orders = this.#orders(mine, record);
    const notBeforeMs = ordered.map((name) => pastTries(name, mine).notBeforeMs);
    const nextTryAtMs = Math.max(0, ...notBeforeMs);
    const { state, detail } = conditionOf(origin, nowMs);
    const choice = record ?? methodOf(manager, ordered);
    return {
      id,
      names: [...names],
      hostnames,
      source: record ? record.source : origin.source === 'issued' ? 'acme' : origin.source,
      state,
      detail,
      warning: this.#warning(group, mine, { facts, nowMs, nextTryAtMs }),
      isOrdering: manager.isOrdering(ordered),
      issuer: facts?.issuer ?? '',
      authority: record?.authority ? manager.labelOf(record.authority) : '',
      method: choice.method,
      methodReason: choice.methodReason,
      profile: record?.profile ?? '',
      serial: facts?.serial ?? '',
      fingerprint: facts?.fingerprint ?? '',
      notBeforeMs: facts?.notBeforeMs ?? null,
      notAfterMs: certificate?.notAfterMs ?? null,
      renewal: this.#renewal(record, hostnames),
      nextTryAtMs: nextTryAtMs > nowMs ? nextTryAtMs : null,
      lastOrder: lastOf(orders),
      orders,
    };
  }

  /** Newest first; the one that brought the certificate also when its own record is forgotten. */
  #orders(mine: readonly OrderRecord[], record: CertificateRecord | undefined): OrderView[] {
    const { manager } = this.#options;
    const views = mine.map((order): OrderView => ({
      names: order.names,
      authority: manager.labelOf(order.authority),
      method: order.method,
      methodReason: order.methodReason,
      cause: order.cause,
      startedAtMs: Math.round(order.startedAtMs),
      endedAtMs: Math.round(order.endedAtMs),
      failure: order.failure
        ? {
            code: order.failure.code,
            message: order.failure.message,
            problem: order.failure.problem,
            failedNames: order.failure.failedNames,
          }
        : null,
      lines: order.lines,
    }));
    const issuance = record?.issuance;
    if (record && issuance && !views.some(({ endedAtMs }) => endedAtMs === Math.round(issuance.endedAtMs))) {
      const { names, method, methodReason, authority } = record;
      views.push({
        ...{ ...issuance, names, method, methodReason, authority: manager.labelOf(authority), failure: null },
        startedAtMs: Math.round(issuance.startedAtMs),
        endedAtMs: Math.round(issuance.endedAtMs),
      });
    }
    return views.toSorted((a, b) => b.endedAtMs - a.endedAtMs).slice(0, maxOrders);
  }

  #renewal(record: CertificateRecord | undefined, hostnames: readonly string[]): CertificateView['renewal'] {
    const { manager } = this.#options;
    if (!record || hostnames.length === 0) return null;
    // What nobody can order is not renewed either.
    if (!hostnames.some((hostname) => manager.wanted.whyNone(hostname) === '')) return null;
    const { atMs, reason } = renewalTime(record);
    const { renewal } = record;
    return {
      atMs: Math.max(0, Math.round(atMs)),
      reason: record.source === 'imported' ? `${reason}; from then on one by ACME is shown` : reason,
      window: renewal
        ? {
            startMs: Math.round(renewal.startMs),
            endMs: Math.round(renewal.endMs),
            explanationUrl: renewal.explanationUrl,
          }
        : null,
    };
  }

  #warning(
    { origin, hostnames }: Group,
    mine: readonly OrderRecord[],
    { facts, nowMs, nextTryAtMs }: { facts: Facts | undefined; nowMs: number; nextTryAtMs: number },
  ): string {
    if (hostnames.length === 0) return '';
    const failure = mine.at(-1)?.failure;
    const record = origin.source === 'issued' ? origin.certificate.record : undefined;
    if (failure) {
      const again =
        nextTryAtMs > nowMs
          ? `It is tried again at ${new Date(nextTryAtMs).toISOString()}.`
          : 'It is tried again soon.';
      const till =
        origin.source === 'internal' ? "Until then the edge's own CA signs." : outlook(record, nowMs);
      return `${failure.message} ${till} ${again}`;
    }
    const whyNone = this.#options.manager.wanted.whyNone(hostnames[0]!);
    if (origin.source === 'none') return whyNone;
    if (origin.source === 'internal' || conditionOf(origin, nowMs).state === 'good')
      return facts?.chainWarning ?? '';
    const { notAfterMs } = origin.certificate;
    if (notAfterMs <= nowMs) return `It expired on ${dayOf(notAfterMs)}; visitors are turned away.`;
    if (whyNone === '') return '';
    const cure =
      origin.source === 'file'
        ? `put a new one into ${this.#options.files.pathOf(origin.certificate)}`
        : 'import its successor';
    return `Nobody renews it: from ${dayOf(notAfterMs)} on visitors are turned away; ${cure}.`;
  }

  #factsOf(certificate: Certificate, known: ReadonlyMap<string, Facts>): Facts {
    const pem = String(certificate.options.cert);
    const facts = known.get(pem) ?? this.#facts.get(pem) ?? readFacts(pem, certificate);
    this.#facts.set(pem, facts);
    return facts;
  }
}

function readFacts(pem: string, certificate: Certificate): Facts {
  const leaf = new X509Certificate(pem);
  const isImported =
    'record' in certificate && (certificate.record as CertificateRecord).source === 'imported';
  return {
    names: namesOf(leaf),
    issuer: issuerName(leaf),
    serial: leaf.serialNumber.toLowerCase(),
    fingerprint: leaf.fingerprint256,
    notBeforeMs: Math.max(0, leaf.validFromDate.getTime()),
    chainWarning: isImported ? chainWarning(pem) : '',
  };
}

function idOf(origin: CertificateOrigin, hostname: string): string {
  switch (origin.source) {
    case 'issued':
      return origin.certificate.record.id;
    case 'file': {
      const { fingerprint256 } = new X509Certificate(String(origin.certificate.options.cert));
      return `file:${fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`;
    }
    case 'internal':
      return `internal:${hostname}`;
    case 'none':
      return `missing:${hostname}`;
  }
}

/** By which method the first one will be ordered. */
function methodOf(
  manager: CertificateManager,
  names: readonly string[],
): Pick<CertificateView, 'method' | 'methodReason'> {
  const [name] = names;
  const isWanted = name !== undefined && manager.wanted.names.includes(name);
  const choice = isWanted ? manager.wanted.methodsOf(name)[0] : undefined;
  return { method: choice?.method ?? '', methodReason: choice?.reason ?? '' };
}

function lastOf([last]: readonly OrderView[]): CertificateView['lastOrder'] {
  if (!last) return null;
  const { lines: _lines, ...rest } = last;
  return rest;
}
