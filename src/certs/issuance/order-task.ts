// One due order carried out, with everything kept that must survive: first the key and the order under way, then the
// certificate, then the log of it. When the certificate cannot be saved it is handed back all the same, to be shown and
// saved later; the order under way stays on record until then.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import type {
  CertificateRecord,
  OrderFailure,
  OrderRecord,
  PendingOrder,
} from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { AcmeError } from '../acme/acme-error.ts';
import type { ChallengeBoard } from '../acme/challenge-board.ts';
import { runOrder } from '../acme/order-run.ts';
import { certificateFacts, renewalIdOf } from '../certificate-facts.ts';
import type { Authorities } from './authorities.ts';
import type { DueOrder } from './order-plan.ts';

export interface OrderParts {
  readonly authorities: Authorities;
  readonly board: ChallengeBoard;
  readonly vault: CertificateVault;
  readonly clock: Clock;
  readonly random: Random;
  /** Wall time as far as it can be trusted. */
  readonly wallMs: () => number;
  /** Told of every step, for the log. */
  readonly onNote: (line: string) => void;
}

export interface OrderResult {
  readonly order: OrderRecord;
  /** Undefined when it failed. */
  readonly certificate: CertificateRecord | undefined;
}

/** More lines than this are left out. */
const maxLines = 200;

/** Carries an order out. Rejects only when `signal` fires; a failure is a result. */
export async function carryOut(due: DueOrder, parts: OrderParts, signal: AbortSignal): Promise<OrderResult> {
  const { vault, wallMs, onNote } = parts;
  const pending = due.resumes ?? draftOrder(due, parts);
  const startedAtMs = wallMs();
  const lines: string[] = [];
  const note = (line: string): void => {
    onNote(line);
    if (lines.length < maxLines) lines.push(`${new Date(wallMs()).toISOString()} ${line}`);
  };
  note(`${due.cause}; ${due.method}, because ${due.methodReason}`);
  const finish = (failure?: OrderFailure): OrderRecord => ({
    id: pending.id,
    certificateId: pending.certificateId,
    names: [...due.names],
    authority: due.authority.directoryUrl,
    method: due.method,
    methodReason: due.methodReason,
    cause: due.cause,
    startedAtMs,
    endedAtMs: wallMs(),
    lines,
    ...(failure === undefined ? {} : { failure }),
  });
  try {
    // Before anything is asked for: a disk that is full now is better found out before an order is spent.
    if (!due.resumes) await vault.keepPendingOrder(pending);
    const pem = await order(due, pending, { parts, note, signal });
    const certificate = certificateOf(pem, due, { pending, parts });
    const done = finish();
    const { cause, endedAtMs } = done;
    return {
      order: done,
      certificate: { ...certificate, issuance: { cause, startedAtMs, endedAtMs, lines } },
    };
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error, wallMs());
    note(`failed: ${failure.message}`);
    // An authority that went away may have the certificate ready when it is back; any other failure ends the order.
    if (failure.code !== 'authority-unreachable') await vault.forgetPendingOrder(pending.id).catch(() => {});
    return { order: finish(failure), certificate: undefined };
  }
}

function draftOrder(due: DueOrder, { random, wallMs }: OrderParts): PendingOrder {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const mark = random.bytes(5).toString('hex');
  const fresh = `${due.names[0]!.replace('*', '_')}-${mark}`
    .toLowerCase()
    .slice(-200)
    .replace(/^[^a-z0-9_]+/, '');
  return {
    id: `order-${mark}`,
    certificateId: due.renews && !due.keepsOld ? due.renews.id : fresh,
    names: [...due.names],
    authority: due.authority.directoryUrl,
    orderUrl: '',
    keyPem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    method: due.method,
    methodReason: due.methodReason,
    profile: due.authority.profile ?? '',
    cause: due.cause,
    startedAtMs: wallMs(),
  };
}

function order(
  due: DueOrder,
  pending: PendingOrder,
  { parts, note, signal }: { parts: OrderParts; note: (line: string) => void; signal: AbortSignal },
): Promise<string> {
  const { authorities, board, vault, clock } = parts;
  // Only the authority that issued the old one knows it.
  const old = due.renews?.authority === due.authority.directoryUrl ? due.renews : undefined;
  return authorities.use(due.authority, signal, (client) =>
    runOrder(
      {
        ...{ client, board, clock, note },
        names: due.names,
        method: due.method,
        profile: due.authority.profile,
        replaces: old && renewalIdOf(certificateFacts(old.certPem)),
        key: createPrivateKey(pending.keyPem),
        orderUrl: due.resumes?.orderUrl,
        onOrder: (orderUrl) => vault.keepPendingOrder({ ...pending, orderUrl }),
      },
      signal,
    ),
  );
}

/** @throws when what came is not a certificate for the names and the key */
function certificateOf(
  pem: string,
  due: DueOrder,
  { pending, parts }: { pending: PendingOrder; parts: OrderParts },
): CertificateRecord {
  const facts = readCertificate(pem, pending, due.authority.label);
  return {
    id: pending.certificateId,
    names: [...due.names],
    certPem: pem,
    keyPem: pending.keyPem,
    source: 'acme',
    authority: due.authority.directoryUrl,
    method: due.method,
    methodReason: due.methodReason,
    profile: pending.profile,
    obtainedAtMs: parts.wallMs(),
    notBeforeMs: facts.notBeforeMs,
    notAfterMs: facts.notAfterMs,
    jitter: parts.random.fraction(),
  };
}

function readCertificate(
  pem: string,
  pending: PendingOrder,
  label: string,
): ReturnType<typeof certificateFacts> {
  const wrong = (what: string, cause?: unknown): AcmeError =>
    new AcmeError('authority-refused', `${label} issued a certificate that cannot be used: ${what}.`, {
      cause,
    });
  let facts: ReturnType<typeof certificateFacts>;
  try {
    facts = certificateFacts(pem);
    if (!facts.isFor(createPrivateKey(pending.keyPem))) throw wrong('it is for another key');
  } catch (error) {
    throw error instanceof AcmeError ? error : wrong(errorText(error), error);
  }
  const missing = pending.names.filter((name) => !facts.names.includes(name));
  if (missing.length > 0) throw wrong(`${missing.join(', ')} is not in it`);
  return facts;
}

function failureOf(error: unknown, nowMs: number): OrderFailure {
  const isAcme = error instanceof AcmeError;
  return {
    code: isSallyportError(error) ? error.code : 'internal',
    message: errorText(error),
    problem: (isAcme && error.problem?.type) || '',
    failedNames: isAcme ? Object.fromEntries(error.failedNames) : {},
    ...(isAcme && error.retryAfterMs !== undefined ? { retryAtMs: nowMs + error.retryAfterMs } : {}),
  };
}
