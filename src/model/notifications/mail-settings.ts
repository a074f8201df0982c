// The owner's mail server: the `mail` section of edge.yml. It stands there and not in the store, since whoever sets it reads
// the sign-in links that go through it. Who sends is base/mail/send-mail.ts.
import { z } from 'zod';
import { isMailAddress, type MailSettings, mailSecurities } from '#base/mail/send-mail.ts';

/** RFC 6409, RFC 8314 and RFC 5321. */
const usualPorts = { starttls: 587, tls: 465, none: 25 } as const;

const isHere = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);

export const mailSettingsSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$|^::1$/i, {
        error: 'must be a hostname or an address',
      })
      .describe('The mail server that takes mails of this edge.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('587 with `starttls`, 465 with `tls`, 25 with `none`.'),
    security: z
      .enum(mailSecurities)
      .default('starttls')
      .describe('How the connection is encrypted; with `starttls` and `tls` nothing is ever sent without.'),
    user: z.string().min(1).max(254).optional().describe('Who signs in at the mail server.'),
    passwordFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the password of `user`; read at each mail.'),
    from: z
      .string()
      .refine(isMailAddress, { error: 'must be a mail address such as "edge@example.com"' })
      .describe('Address of the sender.'),
    fromName: z
      .string()
      .max(60)
      .regex(/^\P{Cc}*$/u, { error: 'must be one line' })
      .default('')
      .describe('Name of the sender; without one the title of the sign-in page.'),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file with the roots of the mail server's certificate, when they are your own."),
  })
  .superRefine(({ user, passwordFile, security, host }, context) => {
    if ((user === undefined) !== (passwordFile === undefined)) {
      context.addIssue({ code: 'custom', message: 'must have both "user" and "passwordFile", or neither' });
    }
    if (user !== undefined && security === 'none' && !isHere(host)) {
      context.addIssue({
        code: 'custom',
        path: ['security'],
        message: 'must be "starttls" or "tls": a password is not sent where others can read it',
      });
    }
  })
  .transform((mail): MailSettings => ({ ...mail, port: mail.port ?? usualPorts[mail.security] }));

/** The settings with paths that do not depend on where somebody stands. */
export function withAbsoluteMailPaths(mail: MailSettings, absolute: (path: string) => string): MailSettings {
  const { passwordFile, caFile } = mail;
  return {
    ...mail,
    passwordFile: passwordFile && absolute(passwordFile),
    caFile: caFile && absolute(caFile),
  };
}
