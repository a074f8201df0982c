// Passwords at rest: argon2id (RFC 9106) in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. The parameters stand in
// the text, so that they can be raised later: a password is hashed anew at its next use.
import { argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '../random.ts';

/** What a hash costs. */
export interface HashCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/**
 * OWASP's first choice for argon2id (Password Storage Cheat Sheet, 2025): 19 MiB and two passes. On one of two small
 * cores that is some 60 ms; the memory is given back after each.
 */
export const hashCost: HashCost = { memoryKib: 19_456, passes: 2, lanes: 1 };

const saltBytes = 16;
const tagBytes = 32;
const derive = promisify(argon2);
const form =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface ParsedHash {
  readonly cost: HashCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** The PHC text for a password. */
export async function hashPassword(password: string, random: Random, cost = hashCost): Promise<string> {
  const salt = Buffer.from(random.bytes(saltBytes));
  return formatHash({ cost, salt, tag: await tagOf(password, { cost, salt, tag: Buffer.alloc(tagBytes) }) });
}

/** A hash that no password has, for the same work where there is nobody to compare with. */
export function hashOfNothing(random: Random, cost = hashCost): string {
  return formatHash({
    cost,
    salt: Buffer.from(random.bytes(saltBytes)),
    tag: Buffer.from(random.bytes(tagBytes)),
  });
}

/** Whether the password is the one; false, too, for a text that is no hash. */
export async function isPasswordOf(hash: string, password: string): Promise<boolean> {
  const parsed = parseHash(hash);
  if (!parsed) return false;
  return timingSafeEqual(await tagOf(password, parsed), parsed.tag);
}

/** Whether a hash was made with other parameters than those of today. */
export function isOutdatedHash(hash: string, cost = hashCost): boolean {
  const parsed = parseHash(hash);
  if (!parsed) return true;
  const { memoryKib, passes, lanes } = parsed.cost;
  return memoryKib !== cost.memoryKib || passes !== cost.passes || lanes !== cost.lanes;
}

async function tagOf(password: string, { cost, salt, tag }: ParsedHash): Promise<Buffer> {
  const derived = await derive('argon2id', {
    // One form for what looks the same on different keyboards (NIST SP 800-63B, 5.1.1.2).
    message: password.normalize('NFKC'),
    nonce: salt,
    parallelism: cost.lanes,
    tagLength: tag.length,
    memory: cost.memoryKib,
    passes: cost.passes,
  });
  return Buffer.from(derived);
}

function formatHash({ cost, salt, tag }: ParsedHash): string {
  const { memoryKib, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

function parseHash(text: string): ParsedHash | undefined {
  const [, memory, passes, lanes, salt, tag] = form.exec(text) ?? [];
  if (salt === undefined || tag === undefined) return undefined;
  return {
    cost: { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
