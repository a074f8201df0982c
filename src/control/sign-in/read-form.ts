// Reads a form that a page without script has sent: of the right type, and short.
import type { IncomingMessage } from 'node:http';
import { SallyportError } from '#base/errors.ts';

/** A name, a password and a code. */
const longestFormBytes = 16_384;

/** Its fields. @throws SallyportError 'media-type-unsupported' or 'limit-exceeded' */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new SallyportError('media-type-unsupported', 'Send the form as a browser does.');
  }
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    text += chunk;
    if (text.length > longestFormBytes) throw new SallyportError('limit-exceeded', 'The form is too long.');
  }
  return new URLSearchParams(text);
}
