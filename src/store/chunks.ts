// Long lists in parts: a statement has a limit of values, and the event loop should not wait for thousands of rows.

/** Parts of at most `size` items, in order. */
export function* chunksOf<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
