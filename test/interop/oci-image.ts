// An image in an OCI layout (image-spec 1.1) with one layer of random bytes, written piece by piece, for tests that
// push it to a registry.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** What names a blob in manifests. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const pieceBytes = 1 << 20;

/** Writes the layout to `folder`. @returns the descriptor of its layer, of a little more than `layerBytes` */
export async function writeImage(folder: string, tag: string, layerBytes: number): Promise<Descriptor> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const { layer, diffId } = await writeLayer(blobs, layerBytes);
  const config = await writeJson(blobs, 'application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
  const manifest = await writeJson(blobs, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  });
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  return layer;
}

/** The layers that the only image of a layout names. */
export async function layersOf(folder: string): Promise<Descriptor[]> {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const manifest = await readFile(blobFile(folder, index.manifests[0]!.digest), 'utf8');
  return (JSON.parse(manifest) as { layers: Descriptor[] }).layers;
}

/** The digest of what a blob's file really holds. */
export async function digestOfBlob(folder: string, digest: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(blobFile(folder, digest)), hash);
  return `sha256:${hash.digest('hex')}`;
}

function blobFile(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'));
}

/** A gzip of level 0: as quick as copying, and an honest `tar+gzip` to whoever looks. */
async function writeLayer(blobs: string, byteCount: number): Promise<{ layer: Descriptor; diffId: string }> {
  const [inner, outer] = [createHash('sha256'), createHash('sha256')];
  const file = join(blobs, 'layer');
  await pipeline(
    Readable.from(pieces(byteCount)),
    tap((chunk) => void inner.update(chunk)),
    createGzip({ level: 0 }),
    tap((chunk) => void outer.update(chunk)),
    createWriteStream(file),
  );
  const { size } = await stat(file);
  const hex = outer.digest('hex');
  await rename(file, join(blobs, hex));
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  return { layer: { mediaType, digest: `sha256:${hex}`, size }, diffId: `sha256:${inner.digest('hex')}` };
}

function* pieces(byteCount: number): Generator<Buffer> {
  for (let left = byteCount; left > 0; left -= pieceBytes) yield randomBytes(Math.min(left, pieceBytes));
}

function tap(look: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, chunk);
    },
  });
}

async function writeJson(blobs: string, mediaType: string, value: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}
