// The C library's `malloc_trim`, which gives memory that was freed back to the system. glibc keeps all of it that does not lie at
// the very end of its heap: 165 MB of what 2,000 TLS connections had been in, for good. Reached through node:ffi, which
// Node still calls experimental: where there is none, or another C library (musl, macOS, Windows), nobody trims.

interface ForeignFunctions {
  dlopen(
    library: null,
    definitions: Readonly<Record<string, { readonly arguments: readonly string[]; readonly return: string }>>,
  ): { readonly functions: Readonly<Record<string, (argument: bigint) => number>> };
}

/**
 * Gives freed memory back. Takes a third of a millisecond for each megabyte that there is, and one where there is none, in
 * which nothing else happens. Undefined where it cannot be done.
 */
export function findMallocTrim(): (() => void) | undefined {
  try {
    const foreign = quietly(() => process.getBuiltinModule('node:ffi')) as ForeignFunctions | undefined;
    const trim = foreign?.dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } }).functions[
      'malloc_trim'
    ];
    // The argument is what to leave at the end of the heap.
    return trim && ((): void => void trim(0n));
  } catch {
    return undefined;
  }
}

/** Whoever runs an edge can do nothing about a warning that it uses what is experimental. */
function quietly<Result>(run: () => Result): Result {
  // oxlint-disable-next-line typescript/unbound-method -- put back where it was
  const usual = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return run();
  } finally {
    process.emitWarning = usual;
  }
}
