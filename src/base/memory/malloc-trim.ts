// The C library's `malloc_trim`, which gives memory that was freed back to the system. glibc keeps all of it that does not lie at
// the very end of its heap: 165 MB of what 2,000 TLS connections had been in, for good. musl, macOS and Windows have none.
import { findCFunction } from './c-library.ts';

/**
 * Gives freed memory back. Takes a third of a millisecond for each megabyte that there is, and one where there is none, in
 * which nothing else happens. Undefined where it cannot be done.
 */
export function findMallocTrim(): (() => void) | undefined {
  const trim = findCFunction('malloc_trim', ['u64']);
  // The argument is what to leave at the end of the heap.
  return trim && ((): void => void trim(0n));
}
