import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logoFault, logoOf, maxLogoBytes, maxLogoText, readPicture } from './logo.ts';

/** Three by two points each, as Pillow 13 writes them. */
const pictures = {
  png: 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAFUlEQVR4nGOskl/EwMDAwMDAxAADABY6AT8TqPytAAAAAElFTkSuQmCC',
  jpeg: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAACAAMBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z',
  webp: 'UklGRjAAAABXRUJQVlA4ICQAAABwAQCdASoDAAIAB0CWJaACdAFAAAD+5fo7s7RaY4+rEsktAAA=',
} as const;
const lossless = 'UklGRh4AAABXRUJQVlA4TBEAAAAvAkAAAAfQj+pVtP+BiOh/AAA=';
const withAlpha =
  'UklGRlIAAABXRUJQVlA4WAoAAAAQAAAAAgAAAQAAQUxQSAcAAAAAZGRkZGRkAFZQOCAkAAAAcAEAnQEqAwACAAdAliWgAnQBQAAA/uX6O7O0WmOPqxLJLQAA';
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

test('the three kinds are read by their bytes, of every form of WebP', () => {
  for (const [kind, text] of [
    ...Object.entries(pictures),
    ['webp', lossless],
    ['webp', withAlpha],
  ] as const) {
    assert.deepEqual(readPicture(bytesOf(text)), { type: `image/${kind}`, width: 3, height: 2 }, kind);
    assert.equal(logoOf(bytesOf(text)), `data:image/${kind};base64,${text}`);
    assert.equal(logoFault(`data:image/${kind};base64,${text}`), '');
  }
});

test('whatever is cut off, or is no picture, is none and harms nobody', () => {
  for (const text of Object.values(pictures)) {
    const bytes = bytesOf(text);
    for (let length = 0; length < 30; length++)
      assert.doesNotThrow(() => readPicture(bytes.subarray(0, length)), String(length));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readPicture(bytes);
      readPicture(Uint8Array.from([0xff, 0xd8, ...bytes]));
    }),
  );
});

test('only a small picture of these kinds is a logo; a document with scripts is none', () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>').toString(
    'base64',
  );
  const wall = Uint8Array.from(bytesOf(pictures.png));
  new DataView(wall.buffer).setUint32(16, 50_000);
  const heavy = new Uint8Array(maxLogoBytes + 1);
  heavy.set(bytesOf(pictures.png));
  for (const [text, fault] of [
    [`data:image/svg+xml;base64,${svg}`, /must be a PNG, JPEG or WebP picture as a data: URL/],
    [`data:image/png;base64,${svg}`, /its bytes are none of them/],
    [`data:image/png;base64,${pictures.webp}`, /says that it is image\/png, and is image\/webp/],
    [logoOf(wall)!, /must have 1 to 1024 points on each side, not 50000 by 2/],
    [logoOf(heavy)!, /must have at most 48 KiB, not 49/],
    [`data:image/png;base64,${pictures.png}" onerror="x`, /as a data: URL in base64/],
    ['https://elsewhere.example/logo.png', /as a data: URL/],
  ] as const)
    assert.match(logoFault(text), fault);
  assert.ok(`data:image/jpeg;base64,${Buffer.alloc(maxLogoBytes).toString('base64')}`.length <= maxLogoText);
});
