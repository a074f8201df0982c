// Sizes as people write them ("16KiB", "1MiB") and as bytes.

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Bytes of "16KiB", "1MiB" or a plain number; undefined when the text is none. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12})\s*(B|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * sizeUnits[unit ?? '']!;
}

/** The shortest exact form: "64MiB", "1536KiB", "100B". */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    if (bytes > 0 && bytes % sizeUnits[unit]! === 0) return `${bytes / sizeUnits[unit]!}${unit}`;
  }
  return `${bytes}B`;
}
