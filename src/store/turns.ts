// Long lists in parts: a statement has a limit of values, and an edge whose event loop is busy with thousands of rows
// serves nobody meanwhile.

/** Lets everything else that is ready to run go first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Does `work` on parts of at most `size` items, in order, with a turn of the event loop between two parts. */
export async function inTurns<T>(
  items: readonly T[],
  size: number,
  work: (part: T[]) => void | Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn();
    await work(items.slice(start, start + size));
  }
}
