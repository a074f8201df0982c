// Where the edge's listeners get certificates from; certs/ implements it, roles/ introduces the two.
import type { SecureContext, SecureContextOptions } from 'node:tls';

export interface CertificateSource {
  /** The certificate for a server name; '' (none sent) and unknown names get the default one, if there is one. */
  contextFor(serverName: string): SecureContext | undefined;
  /** What to make the context from for clients that send no server name; changes when that certificate is renewed. */
  defaultOptions(): SecureContextOptions | undefined;
  /** Whether the certificate shown for `serverName` is also valid for `host`, so that a connection may be shared. */
  covers(serverName: string, host: string): boolean;
  /**
   * A certificate for this server name that is being got at this moment; undefined when nothing is under way. Resolves
   * when it is there, or when the client should wait no longer; never rejects.
   */
  expect?(serverName: string): Promise<unknown> | undefined;
  /** What a validator is shown that asks for this name by `acme-tls/1` (RFC 8737); undefined when no order waits for it. */
  challengeFor?(serverName: string): SecureContext | undefined;
  /** Whether any certificate has an OCSP responder; without one handshakes are not even asked. */
  readonly needsStaples?: boolean;
  /** The OCSP answer to show beside a certificate (its DER), undefined for none. */
  stapleFor?(certificate: Buffer): Buffer | undefined;
  /** 48 bytes for session tickets, shared by all listeners; another buffer after each change. */
  readonly ticketKeys: Buffer;
}
