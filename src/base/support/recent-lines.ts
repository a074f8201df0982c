// The last lines of a log, kept in memory so that they can be shown when somebody asks what happened.

/** Text that is kept; some thousand lines. */
const maxCharacters = 512 * 1024;

export class RecentLines {
  #lines: string[] = [];
  #characters = 0;

  /** A whole line with its newline. */
  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    // Half at a time, so that a busy log costs nothing per line.
    if (this.#characters <= maxCharacters) return;
    this.#lines = this.#lines.slice(this.#lines.length >> 1);
    this.#characters = this.#lines.reduce((sum, { length }) => sum + length, 0);
  }

  text(): string {
    return this.#lines.join('');
  }
}
