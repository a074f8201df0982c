// Reads a request body as JSON: of the right type, of bounded size, and whole.
import type { IncomingMessage } from 'node:http';
import { SallyportError } from '#base/errors.ts';

/** A lab of 10,000 routes takes about 2 MB. */
const longestBodyBytes = 10 * 1024 * 1024;

/** The value of the body. @throws SallyportError 'media-type-unsupported', 'invalid' or 'limit-exceeded' */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new SallyportError(
      'media-type-unsupported',
      'Send the body as JSON, with "Content-Type: application/json".',
    );
  }
  const text = (await readBytes(request)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new SallyportError('invalid', 'The body is not JSON.');
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  // Too long a body is no reason to end the connection before the answer is out.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > longestBodyBytes) {
      throw new SallyportError(
        'limit-exceeded',
        `The body is longer than ${longestBodyBytes / 1024 ** 2} MiB.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
