// A setting's description, in which words between backticks are code, as in the documentation.
import type { ReactNode } from 'react';

/** The text with its code set as such. */
export function described(text: string | undefined): ReactNode {
  return text?.split('`').map((part, index) =>
    // Every second part stood between two backticks; parts have no name but their place.
    index % 2 === 1 ? <code key={index}>{part}</code> : part,
  );
}
