// A small picture that an owner puts on his pages, as a `data:` URL: PNG, JPEG or WebP, which hold nothing but points. SVG is a
// document that may hold scripts and addresses, and is not taken. What the bytes are is read from the bytes.

/** Of the picture itself; each page carries it. */
export const maxLogoBytes = 48 * 1024;
/** A picture of few bytes may unpack to a wall; browsers of visitors need not. */
export const maxLogoSide = 1024;
/** In base64, with what stands before it. */
export const maxLogoText = Math.ceil(maxLogoBytes / 3) * 4 + 40;

const types = ['image/png', 'image/jpeg', 'image/webp'] as const;

/** What the bytes are. */
export interface Picture {
  readonly type: (typeof types)[number];
  readonly width: number;
  readonly height: number;
}

/** Reads the head of a picture; undefined for what is none of the three kinds, or is cut off within it. */
export function readPicture(bytes: Uint8Array): Picture | undefined {
  const head: Head = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes };
  try {
    return readPng(head) ?? readJpeg(head) ?? readWebp(head);
  } catch (error) {
    // Read behind the end.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Why a `data:` URL is no logo, as the end of a sentence that begins with its name; '' when it is one. */
export function logoFault(text: string): string {
  const [, type, encoded] = /^data:(image\/[a-z]+);base64,([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined || encoded.length % 4 !== 0)
    return 'must be a PNG, JPEG or WebP picture as a data: URL in base64';
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  if (bytes.length > maxLogoBytes)
    return `must have at most ${maxLogoBytes / 1024} KiB, not ${Math.ceil(bytes.length / 1024)}`;
  const picture = readPicture(bytes);
  if (!picture) return 'must be a PNG, JPEG or WebP picture, and its bytes are none of them';
  if (picture.type !== type) return `says that it is ${type}, and is ${picture.type}`;
  const { width, height } = picture;
  if (width < 1 || height < 1 || width > maxLogoSide || height > maxLogoSide)
    return `must have 1 to ${maxLogoSide} points on each side, not ${width} by ${height}`;
  return '';
}

/** A file's bytes as a `data:` URL, of the kind that they are; undefined for another. */
export function logoOf(bytes: Uint8Array): string | undefined {
  const picture = readPicture(bytes);
  if (!picture) return undefined;
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return `data:${picture.type};base64,${btoa(text)}`;
}

interface Head {
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

function textAt({ bytes }: Head, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** PNG, third edition, 5.2 and 11.2.1: the signature, then IHDR. */
function readPng(head: Head): Picture | undefined {
  if (textAt(head, 0, 8) !== '\x89PNG\r\n\x1a\n' || textAt(head, 12, 16) !== 'IHDR') return undefined;
  return { type: 'image/png', width: head.view.getUint32(16), height: head.view.getUint32(20) };
}

/** ITU-T T.81, B.1 and B.2.2: segments up to the first frame header. */
function readJpeg({ view, bytes }: Head): Picture | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at < bytes.length;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (isFrame(marker))
      return { type: 'image/jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15 but for the tables among them (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** RFC 9649, 2.5 to 2.7: the first chunk of RIFF is VP8, VP8L or VP8X. */
function readWebp(head: Head): Picture | undefined {
  if (textAt(head, 0, 4) !== 'RIFF' || textAt(head, 8, 12) !== 'WEBP') return undefined;
  const { view } = head;
  const type = 'image/webp';
  switch (textAt(head, 12, 16)) {
    case 'VP8 ':
      return { type, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { type, width: threeBytesAt(view, 24) + 1, height: threeBytesAt(view, 27) + 1 };
    default:
      return undefined;
  }
}

function threeBytesAt(view: DataView, at: number): number {
  return view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
}
