// A real SMTP server in the test's own process (the package smtp-server), which keeps what it takes.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.ts';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came over the line. */
  readonly source: string;
  /** The text, its transfer encoding taken off. */
  readonly text: string;
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
}

export interface MailServerOptions {
  readonly security: 'starttls' | 'tls' | 'none';
  /** PEM; needed for both encrypted forms. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Who may sign in; absent: nobody needs to. */
  readonly account?: { readonly user: string; readonly password: string };
  /** Answers for a recipient, such as 550 or 451. */
  readonly refuse?: (recipient: string) => { readonly code: number; readonly text: string } | undefined;
}

/** Starts one on a free port of loopback. */
export async function startMailServer({ security, tls, account, refuse }: MailServerOptions) {
  const mails: TakenMail[] = [];
  const server = new SMTPServer({
    secure: security === 'tls',
    ...tls,
    authOptional: account === undefined,
    disabledCommands: [
      ...(security === 'starttls' ? [] : ['STARTTLS']),
      ...(account === undefined ? ['AUTH'] : []),
    ],
    disableReverseLookup: true,
    closeTimeout: 1_000,
    onAuth({ username, password }, _session, done) {
      const isRight = username === account?.user && password === account?.password;
      if (isRight) return done(null, { user: username });
      done(Object.assign(new Error(`5.7.8 not with the password ${password}`), { responseCode: 535 }));
    },
    onRcptTo({ address }, _session, done) {
      const refusal = refuse?.(address);
      done(refusal ? Object.assign(new Error(refusal.text), { responseCode: refusal.code }) : null);
    },
    onData(stream, session, done) {
      void readAll(stream).then((source) => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false || !mailFrom ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          source,
          text: decodedText(source),
          isEncrypted: session.secure === true,
          user: session.user as string | undefined,
        });
        done(null);
      }, done);
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    mails,
    port: (server.server.address() as AddressInfo).port,
    /** The mail with this number, from 1, once it is there. */
    nth: (number: number): Promise<TakenMail> => eventually(`mail ${number}`, () => mails[number - 1]),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
}

async function readAll(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) text += chunk;
  return text;
}

function decodedText(source: string): string {
  const split = source.indexOf('\r\n\r\n');
  const [head, body] = [source.slice(0, split), source.slice(split + 4)];
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString('utf8');
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body;
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
