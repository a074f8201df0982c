// A lease among processes that share a folder. Each holding is a file of its own, `NAME.7.json`, whose number grows: the
// highest number is who has it. A file appears whole or not at all and never twice (link(2) fails where it exists), so of
// two that reach for the same number one gets it; and who finds a higher number beside its own has lost.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { createOnce, makeFolder, replaceFileDurably } from '#base/secrets/private-file.ts';
import type { VaultLease } from '#model/certificates/certificate-vault.ts';

const holdingSchema = z.object({ holder: z.string(), untilMs: z.number() });
type Holding = z.output<typeof holdingSchema>;

export interface FileLeaseOptions {
  readonly folder: string;
  readonly name: string;
  readonly holder: string;
  readonly forMs: number;
  readonly clock: Clock;
}

/** Takes the lease, or resolves undefined when another holder has it. */
export async function takeFileLease(options: FileLeaseOptions): Promise<VaultLease | undefined> {
  const { folder, name, holder, forMs, clock } = options;
  makeFolder(folder);
  const numbers = await numbersOf(options);
  const highest = numbers.at(-1) ?? 0;
  const present = highest === 0 ? undefined : await read(fileOf(options, highest));
  // A clock that was set back must not keep a lease alive for longer than it can have been taken for.
  const isHeld =
    present !== undefined &&
    present.untilMs > clock.wallMs() &&
    present.untilMs <= clock.wallMs() + maxLeaseMs;
  if (isHeld && present.holder !== holder) return undefined;
  const own = highest + 1;
  const holding: Holding = { holder, untilMs: clock.wallMs() + forMs };
  const isOurs = await createOnce(fileOf(options, own), JSON.stringify(holding), {
    mode: 0o600,
    unique: holder,
  });
  if (!isOurs) return undefined;
  // Who looked before us may have made a higher one since, after an even later release.
  if ((await numbersOf(options)).at(-1) !== own) {
    await rm(fileOf(options, own), { force: true });
    return undefined;
  }
  for (const number of numbers) await rm(fileOf(options, number), { force: true });
  return leaseOf(options, own, name);
}

/** Longer than any lease is taken for. */
const maxLeaseMs = 3_600_000;

function leaseOf(options: FileLeaseOptions, own: number, unique: string): VaultLease {
  const { holder, forMs, clock } = options;
  const isOurs = async (): Promise<boolean> => (await numbersOf(options)).at(-1) === own;
  const write = (untilMs: number): Promise<void> =>
    replaceFileDurably(fileOf(options, own), JSON.stringify({ holder, untilMs }), { mode: 0o600, unique });
  return {
    async renew() {
      if (!(await isOurs())) return false;
      await write(clock.wallMs() + forMs);
      return isOurs();
    },
    async release() {
      // The number stays, or the next holder would begin again below one that is still remembered.
      if (await isOurs()) await write(0);
    },
  };
}

/** Numbers of the files of this lease, lowest first. */
async function numbersOf({ folder, name }: FileLeaseOptions): Promise<number[]> {
  const found: number[] = [];
  for (const file of await readdir(folder)) {
    const number = file.startsWith(`${name}.`) && /^\d+(?=\.json$)/.exec(file.slice(name.length + 1))?.[0];
    if (number) found.push(Number(number));
  }
  return found.toSorted((a, b) => a - b);
}

function fileOf({ folder, name }: FileLeaseOptions, number: number): string {
  return join(folder, `${name}.${number}.json`);
}

async function read(file: string): Promise<Holding | undefined> {
  try {
    return holdingSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Gone since, or not ours: nothing that anybody could be holding.
    return undefined;
  }
}
