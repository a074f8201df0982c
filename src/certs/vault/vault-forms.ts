// What every implementation of the certificate vault writes alike, so that one may be read where another was.
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A key for session tickets, as it is kept. */
export const ticketSchema = z.object({ key: z.base64() });

/** A name for what is kept of an authority: its directory's address is no name for a file. */
export function hashedName(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
