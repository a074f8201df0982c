// Sends one mail through the owner's own mail server (RFC 5321), as plain text. What can go wrong is told in one sentence with
// its cure, and never with the password. The library is loaded at the first mail: an edge that sends none does not pay for it.
import { readFile } from 'node:fs/promises';
import { errorText, SallyportError } from '../errors.ts';
import { readSecretFile } from '../secrets/secret-file.ts';

/** How the connection to the mail server is kept from listeners. */
export const mailSecurities = ['starttls', 'tls', 'none'] as const;

/** The owner's mail server, as edge.yml names it (model/notifications/mail-settings.ts). */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** `starttls`: encrypted from the second word on, and never without; `none`: readable by whoever listens. */
  readonly security: (typeof mailSecurities)[number];
  /** Who signs in at the mail server; absent: nobody does. */
  readonly user?: string | undefined;
  /** File with the password; read at each mail, so that a new one needs no restart. */
  readonly passwordFile?: string | undefined;
  /** Address of the sender, `edge@example.com`. */
  readonly from: string;
  /** What the sender is called beside his address. */
  readonly fromName: string;
  /** PEM file with the roots that the mail server's certificate may come from; absent: those of Node. */
  readonly caFile?: string | undefined;
}

/** A mail to one address. */
export interface Mail {
  /** An address alone: `ada@example.com`. */
  readonly to: string;
  /** One line. */
  readonly subject: string;
  readonly text: string;
}

/** To connect, to greet, and between two answers; RFC 5321 4.5.3.2 gives minutes, which nobody waits for here. */
const stepMs = 15_000;
/** For the whole mail: some servers look at it for half a minute before they take it. */
const wholeMs = 60_000;
/** Lines of RFC 5322 2.1.1. */
const maxSubject = 200;
/** A mail of the edge is a page of words. */
const maxText = 100_000;

/** Addresses as people have them; no quotes, comments or lists, so that one address stays one (RFC 5321 4.1.2). */
const addressForm = /^[^\s<>()[\]\\,;:"@\p{Cc}]{1,64}@[^\s<>()[\]\\,;:"@\p{Cc}]{1,253}$/u;

/** Whether a text is one plain mail address. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && addressForm.test(text);
}

/**
 * Sends it; resolves once the mail server has taken it over.
 * @throws SallyportError 'invalid' (the mail), 'mail-unreachable' (worth another try), 'mail-refused' (not worth one),
 * 'file-unreadable' or 'credentials-invalid' (the password)
 */
export async function sendMail(mail: Mail, settings: MailSettings): Promise<void> {
  requirePlain(mail);
  const { host, port, security, user, passwordFile, from, fromName, caFile } = settings;
  const auth =
    user === undefined || passwordFile === undefined
      ? undefined
      : { user, pass: await readSecretFile(passwordFile, `the password of ${user} at ${host}`) };
  const ca = caFile === undefined ? undefined : await readRoots(caFile);
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(auth ? { auth } : {}),
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    ...{ connectionTimeout: stepMs, greetingTimeout: stepMs, dnsTimeout: stepMs, socketTimeout: stepMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  try {
    await inTime(
      transport.sendMail({
        from: { name: fromName, address: from },
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.text,
        // RFC 3834: no robot answers, and holiday notes stay at home.
        headers: { 'Auto-Submitted': 'auto-generated' },
      }),
    );
  } catch (error) {
    throw plainFault(error, settings, auth?.pass);
  } finally {
    transport.close();
  }
}

function requirePlain({ to, subject, text }: Mail): void {
  const fault = !isMailAddress(to)
    ? 'its recipient is not one plain address'
    : subject === '' || subject.length > maxSubject || /\p{Cc}/u.test(subject)
      ? `its subject is not one line of at most ${maxSubject} characters`
      : text === '' || text.length > maxText
        ? `its text has not between 1 and ${maxText} characters`
        : undefined;
  if (fault !== undefined) throw new SallyportError('invalid', `The mail cannot be sent: ${fault}.`);
}

async function readRoots(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The roots ${file} of the mail server could not be read (${errorText(error)}); check the path.`,
      { cause: error },
    );
  }
}

/** A server that drips its answers would hold a mail for ever. */
async function inTime(sent: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), wholeMs);
    timer.unref();
  });
  try {
    await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
    sent.catch(() => undefined);
  }
}

/** What the library throws. */
interface MailFault {
  readonly code?: unknown;
  /** Of the server, with its number: `550 5.1.1 no such user`. */
  readonly response?: unknown;
  readonly responseCode?: unknown;
}

function plainFault(error: unknown, settings: MailSettings, password: string | undefined): SallyportError {
  const { code, response, responseCode } = (typeof error === 'object' ? error : {}) as MailFault;
  const { host, port, security, user } = settings;
  const place = `the mail server ${host}:${port}`;
  const said = without(password, oneLine(typeof response === 'string' ? response : errorText(error)));
  const make = (kind: 'mail-unreachable' | 'mail-refused', message: string): SallyportError =>
    new SallyportError(kind, message, { cause: error });
  // 4xx: not now (RFC 5321 4.2.1).
  if (typeof responseCode === 'number' && responseCode >= 400 && responseCode < 500) {
    return make(
      'mail-unreachable',
      `At the moment ${place} takes no mail (${said}); it is worth another try.`,
    );
  }
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return make(
      'mail-refused',
      `The edge could not sign in as ${user ?? 'nobody'} at ${place} (${said}); look at mail.user and mail.passwordFile.`,
    );
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return make(
      'mail-refused',
      `The mail was refused by ${place} (${said}); look at mail.from and the address.`,
    );
  }
  if (code === 'ETLS' || isCertificateFault(error)) {
    const cure =
      security === 'starttls'
        ? 'it must offer STARTTLS with a certificate for this name, or set mail.security or mail.caFile'
        : 'its certificate must be for this name, or set mail.caFile';
    return make('mail-refused', `No encrypted connection to ${place} (${said}); ${cure}.`);
  }
  if (code === 'ETIMEDOUT') {
    return make(
      'mail-unreachable',
      `No answer in time from ${place}; look at its name, its port and the firewall.`,
    );
  }
  return make(
    'mail-unreachable',
    `No connection to ${place} (${said}); look at its name, its port and mail.security.`,
  );
}

/** Some servers repeat what they were told; the password goes into no log, in none of the forms in which it is sent. */
function without(password: string | undefined, text: string): string {
  if (password === undefined) return text;
  const encoded = Buffer.from(password).toString('base64');
  return text.replaceAll(password, '***').replaceAll(encoded, '***');
}

/** OpenSSL's words for a chain that is not trusted, or a name that is not in it. */
function isCertificateFault(error: unknown): boolean {
  return /certificate|altname|wrong version number|EPROTO|packet length too long/i.test(errorText(error));
}

/** What a stranger's server says goes into the log: one line, not too long. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
    .slice(0, 200);
}
