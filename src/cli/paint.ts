// Colours for a terminal, or none: three that read on light and dark alike.

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly accent: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** SGR sequences (ECMA-48 section 8.3.117), or plain text. */
export function paint(hasColours: boolean): Paint {
  const with_ = (code: number) => (text: string) => (hasColours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: with_(1), dim: with_(2), accent: with_(36), bad: with_(31) };
}
