// Our account at each authority: its key is made once and kept before anything is registered, so that a crash in between
// leaves one account and not two.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { WebClient } from '#base/net/web-client.ts';
import type { AccountRecord } from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { AcmeClient } from './acme-client.ts';
import { AcmeError } from './acme-error.ts';
import type { ExternalAccount } from './signed-request.ts';

export interface AccountOptions {
  readonly directoryUrl: string;
  readonly web: WebClient;
  readonly clock: Clock;
  readonly vault: CertificateVault;
  /** '' for none. */
  readonly email: string;
  readonly externalAccount: ExternalAccount | undefined;
}

/** A client that acts for our account, which is registered when there is none. The caller holds the lease. */
export async function openAccount(options: AccountOptions, signal: AbortSignal): Promise<AcmeClient> {
  const { directoryUrl, web, clock, vault } = options;
  const record = (await vault.account(directoryUrl)) ?? (await draftAccount(options));
  const client = new AcmeClient({
    directoryUrl,
    web,
    clock,
    accountKey: createPrivateKey(record.keyPem),
    ...(record.accountUrl === '' ? {} : { accountUrl: record.accountUrl }),
  });
  if (record.accountUrl === '') await registerAccount(client, options, signal);
  return client;
}

/** Registers the client's key, for the first time or because the authority has forgotten it, and keeps the account. */
export async function registerAccount(
  client: AcmeClient,
  options: AccountOptions,
  signal: AbortSignal,
): Promise<void> {
  const { directoryUrl, vault, email, externalAccount } = options;
  const { meta } = await client.directory(signal);
  if (meta?.externalAccountRequired && externalAccount === undefined) {
    throw new AcmeError(
      'authority-refused',
      `${client.authority} takes only accounts that are bound to one made on its web site; get a key id and an HMAC key there and set eab for this authority.`,
    );
  }
  const accountUrl = await client.register({ email, externalAccount }, signal);
  const record = await vault.account(directoryUrl);
  if (record) await vault.keepAccount({ ...record, accountUrl, email });
}

async function draftAccount({ directoryUrl, clock, vault, email }: AccountOptions): Promise<AccountRecord> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const record: AccountRecord = {
    authority: directoryUrl,
    accountUrl: '',
    keyPem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    email,
    createdAtMs: clock.wallMs(),
  };
  await vault.keepAccount(record);
  return record;
}
