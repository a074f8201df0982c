// Text for columns and search patterns. Some of it was typed by strangers (the name of a failed sign-in), and PostgreSQL
// takes neither NUL characters nor halves of surrogate pairs. JSON has escapes for both, so that documents need no care.

/** The text with U+FFFD in place of what a column cannot hold. */
export function columnText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** A LIKE pattern (escape character `\`) that finds `text` anywhere. */
export function containsPattern(text: string): string {
  return `%${columnText(text).replaceAll(/[\\%_]/g, '\\$&')}%`;
}
