// What an exchange holds of the decision that let it through.
import type { Visitor } from './visitor.ts';

/** Who let an exchange through, and as whom: for the log, and to end it when that is taken back. */
export interface AccessGrant {
  /** `2 group:family`, or '' when no rule decided. */
  readonly rule: string;
  readonly visitor: Visitor | undefined;
  /** Whether the share link or page password that let it through is still good; absent where none did. */
  readonly pass?: (() => boolean) | undefined;
}
