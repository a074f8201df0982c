// Questions on the terminal. Where there is no terminal nobody is asked, so that a script never hangs on a question.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** The answer, undefined without a terminal or at the end of input. A secret is not shown while it is typed. */
export async function askOnTerminal(question: string, isSecret = false): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  let isMuted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = lines.question(question);
    isMuted = isSecret;
    return await answer;
  } catch {
    return undefined;
  } finally {
    lines.close();
    if (isSecret) process.stderr.write('\n');
  }
}
