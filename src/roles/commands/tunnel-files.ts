// Making and reading the files of a tunnel's identity, for `tunnel create` and `tunnel token`.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, SallyportError } from '#base/errors.ts';
import { createFile } from '#base/secrets/private-file.ts';
import { systemRandom } from '#base/random.ts';
import type { CreatedTunnel, CreateTunnelRequest } from '#cli/runners.ts';
import {
  createCredentials,
  formatCredentialsFile,
  formatToken,
  parseCredentialsFile,
  parseToken,
  publicKeyOf,
} from '#tunnel/credentials.ts';
import { formatEdgeAddress, parseEdgeAddress } from '#tunnel/transport/edge-address.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';

/** Makes a tunnel's credentials and keeps them in a file that only its owner can read. @throws SallyportError */
export function createTunnel(request: CreateTunnelRequest): CreatedTunnel {
  const address = request.edgeAddress === '' ? '' : formatEdgeAddress(parseEdgeAddress(request.edgeAddress));
  const drawn = createCredentials(systemRandom, address, request.caPin);
  const credentials = request.secret === '' ? drawn : { ...drawn, secret: secretOf(request.secret) };
  const credentialsFile = request.credentialsFile || join(request.folder, `${credentials.tunnelId}.json`);
  createFile(credentialsFile, formatCredentialsFile(credentials), 0o400);
  return {
    id: credentials.tunnelId,
    credentialsFile,
    publicKey: Buffer.from(publicKeyOf(credentials)).toString('base64'),
    token: formatToken(credentials),
  };
}

/** Keeps what a token stands for as a credentials file. @throws SallyportError */
export function keepCredentials(token: string, file: string): void {
  createFile(file, formatCredentialsFile(parseToken(token)), 0o400);
}

/** The token of a credentials file. @throws SallyportError */
export function tokenOf(file: string): string {
  return formatToken(parseCredentialsFile(read(file), file));
}

/** The pin of the first certificate in a PEM file. @throws SallyportError */
export function pinOf(file: string): string {
  try {
    return pinOfCertificate(new X509Certificate(read(file)).raw);
  } catch (error) {
    if (error instanceof SallyportError) throw error;
    throw new SallyportError(
      'certificate-invalid',
      `${file} holds no PEM certificate (${errorText(error)}).`,
      {
        cause: error,
      },
    );
  }
}

function secretOf(text: string): Buffer {
  const secret = Buffer.from(text, 'base64');
  if (secret.length === 32) return secret;
  throw new SallyportError('usage', `--secret is base64 of 32 bytes; this one has ${secret.length}.`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `${file} could not be read (${errorText(error)}); check the path.`,
      {
        cause: error,
      },
    );
  }
}
