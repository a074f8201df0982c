// Reading DER, just enough to find a value inside a certificate or an OCSP answer: elements and what is inside them.
// Lengths that lie end in a DerError, never in a read beyond the bytes.

/** One element; `value` and `whole` are views of the bytes that were read. */
export interface DerElement {
  readonly tag: number;
  readonly value: Buffer;
  /** Tag and length too. */
  readonly whole: Buffer;
}

/** The bytes are not DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** The elements that follow one another in a constructed value. @throws DerError */
export function readElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes.subarray(at));
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The elements inside the first element of `bytes`, which must be all of it. @throws DerError */
export function readInside(bytes: Buffer): DerElement[] {
  const [only, ...more] = readElements(bytes);
  if (!only || more.length > 0) throw new DerError('expected exactly one element');
  return readElements(only.value);
}

/** At most four bytes of length: 4 GiB is beyond anything that is read here. */
function readElement(bytes: Buffer): DerElement {
  if (bytes.length < 2) throw new DerError('an element is cut short');
  const short = bytes[1]!;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (short === 0x80 || lengthBytes > 4) throw new DerError('a length has no definite form');
  const start = 2 + lengthBytes;
  if (bytes.length < start) throw new DerError('a length is cut short');
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  if (bytes.length < start + length) throw new DerError('an element is longer than what holds it');
  return {
    tag: bytes[0]!,
    value: bytes.subarray(start, start + length),
    whole: bytes.subarray(0, start + length),
  };
}
