// Secrets that stay in files of their owner (a client secret, a key for an API), read when they are used.
import { readFile } from 'node:fs/promises';
import { errorText, SallyportError } from '../errors.ts';

/**
 * The text of a secret's file without the line's end; `what` names it in messages: "the client secret of Authentik".
 * @throws SallyportError 'file-unreadable', or 'credentials-invalid' when it is empty
 */
export async function readSecretFile(file: string, what: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The file ${file} with ${what} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
  if (text !== '') return text;
  throw new SallyportError('credentials-invalid', `The file ${file} is empty; put ${what} into it.`);
}
