// Functions of the C library, reached through node:ffi, which Node still calls experimental: where there is none, or another C
// library without the function, nobody gets it.

/** What is given to a function or comes back: 'u64' is a bigint, 'i32' a number. */
type CType = 'u64' | 'i32';

interface ForeignFunctions {
  dlopen(
    library: null,
    definitions: Readonly<Record<string, { readonly arguments: readonly CType[]; readonly return: CType }>>,
  ): { readonly functions: Readonly<Record<string, (...given: readonly (bigint | number)[]) => number>> };
}

/** The function of that name, which returns an int; undefined where it cannot be had. */
export function findCFunction(
  name: string,
  given: readonly CType[],
): ((...given: readonly (bigint | number)[]) => number) | undefined {
  try {
    const foreign = quietly(() => process.getBuiltinModule('node:ffi')) as ForeignFunctions | undefined;
    return foreign?.dlopen(null, { [name]: { arguments: given, return: 'i32' } }).functions[name];
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
