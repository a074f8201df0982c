// Draws keys of access, and puts them into a ring (model/access/access-keys.ts).
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '#base/random.ts';
import {
  type AccessKeyKind,
  type AccessKeyRing,
  type AssertionAlgorithm,
  type AssertionKey,
  type PassageKey,
  prunedRing,
} from '#model/access/access-keys.ts';

/** As createTextSigner wants it. */
const passageKeyBytes = 32;
/** Cloudflare's own keys have this size. */
const rsaBits = 2048;

interface Times {
  readonly madeAtMs: number;
  readonly signsFromMs: number;
}

/** A first ring: what takes no time to make. */
export function firstRing(random: Random, nowMs: number): AccessKeyRing {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const times = { madeAtMs: nowMs, signsFromMs: nowMs };
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    passage: [passageKey(random.bytes(passageKeyBytes), times)],
    assertion: [assertionKey('ES256', pem, times)],
  };
}

/** The ring with a new key of each of these kinds, in the background: RSA takes a moment. */
export async function withNewKeys(
  ring: AccessKeyRing,
  kinds: readonly AccessKeyKind[],
  {
    random,
    nowMs,
    signsFromMs,
  }: { readonly random: Random; readonly nowMs: number; readonly signsFromMs: number },
): Promise<AccessKeyRing> {
  const times = { madeAtMs: nowMs, signsFromMs };
  const passage: PassageKey[] = [];
  const assertion: AssertionKey[] = [];
  for (const kind of kinds) {
    if (kind === 'passage') passage.push(passageKey(random.bytes(passageKeyBytes), times));
    else assertion.push(assertionKey(kind, await drawPem(kind), times));
  }
  const pruned = prunedRing(ring, nowMs);
  return { passage: [...pruned.passage, ...passage], assertion: [...pruned.assertion, ...assertion] };
}

/** A passage key of raw bytes. */
export function passageKey(bytes: Uint8Array, times: Times): PassageKey {
  return { key: Buffer.from(bytes).toString('base64'), ...times };
}

/** An assertion key, called by what its public half is. */
export function assertionKey(algorithm: AssertionAlgorithm, pem: string, times: Times): AssertionKey {
  const spki = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(spki).digest('base64url').slice(0, 16);
  return { id, algorithm, pem, ...times };
}

const generate = promisify(generateKeyPair);

async function drawPem(algorithm: AssertionAlgorithm): Promise<string> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: rsaBits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
