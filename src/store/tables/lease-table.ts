// Who does the work that only one of several edges may do. One statement decides, whoever asks at the same time.
import type { Database } from './tables.ts';

export async function takeLease(
  db: Database,
  name: string,
  holder: string,
  nowMs: number,
  untilMs: number,
): Promise<boolean> {
  const taken = await db
    .insertInto('leases')
    .values({ name, holder, until_ms: untilMs })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, until_ms: untilMs })
        .where((eb) => eb.or([eb('leases.holder', '=', holder), eb('leases.until_ms', '<=', nowMs)])),
    )
    .returning('name')
    .executeTakeFirst();
  return taken !== undefined;
}

export async function releaseLease(db: Database, name: string, holder: string): Promise<void> {
  await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
}
