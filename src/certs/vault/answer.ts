// What a vault keeps for HTTP-01, the same in every implementation. Tokens come from authorities and from whoever asks the
// plain listener, and become names in the vault: nothing but a token gets that far.
import { z } from 'zod';

export const answerSchema = z.object({ text: z.string(), untilMs: z.number() });

/** At least 128 bits in base64url (RFC 8555 section 8.3), and nothing else. */
export function isAnswerToken(token: string): boolean {
  return /^[A-Za-z0-9_-]{16,256}$/.test(token);
}
