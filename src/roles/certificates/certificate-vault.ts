// Where an edge keeps certificates: in its store, sealed, with a copy on disk to go on from; or, without a store, on disk.
// Edges with one PostgreSQL share what is in it, and the lease by which only one of them orders at a time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import { type DocumentStore, openDocumentVault } from '#certs/vault/document-vault.ts';
import { openFileVault } from '#certs/vault/file-vault.ts';
import { type MirroredVaultOptions, openMirroredVault } from '#certs/vault/mirrored-vault.ts';
import type { Sealer } from '#certs/vault/sealer.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { openSeal, type Seal } from '#control/seal.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { storeUrlOf } from '../edge-composition.ts';

export interface CertificateVaultOptions {
  readonly config: EdgeConfig;
  /** The store's documents and leases; undefined for an edge without a store. */
  readonly documents: DocumentStore | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Opens it. @throws SallyportError 'file-unwritable' or 'credentials-invalid' */
export function openCertificateVault(options: CertificateVaultOptions): CertificateVault {
  const { config, documents, clock, random, log } = options;
  const folder = join(config.dataDir, 'certificates');
  const sealer = sealerOf(openSeal(join(config.dataDir, 'seal.key'), random));
  const isShared = config.acme?.shared ?? false;
  const unique = `${process.pid}-${random.bytes(4).toString('hex')}`;
  const files = openFileVault({ folder, unique, isShared, sealer, clock, log });
  if (!documents) return files;
  const store = openDocumentVault({
    ...{ store: documents, sealer, clock, random, log },
    isShared: isShared || /^postgres(ql)?:/.test(storeUrlOf(config)),
  });
  return openMirroredVault({ store, copy: files, log, known: knownIn(join(folder, 'in-store.json')) });
}

function sealerOf(seal: Seal): Sealer {
  return {
    seal: (plain, purpose) => Buffer.from(seal.seal(Buffer.from(plain).toString('utf8'), purpose), 'latin1'),
    open: (sealed, purpose) =>
      Buffer.from(seal.open(Buffer.from(sealed).toString('latin1'), purpose), 'utf8'),
  };
}

/** Which certificates the store has had, in a file. One that cannot be read says none: then nothing is forgotten. */
function knownIn(file: string): MirroredVaultOptions['known'] {
  return {
    read() {
      try {
        const ids = JSON.parse(readFileSync(file, 'utf8')) as unknown;
        return new Set(Array.isArray(ids) ? ids.map(String) : []);
      } catch {
        return new Set();
      }
    },
    write: (ids) => replaceFile(file, JSON.stringify([...ids]), 0o600),
  };
}
