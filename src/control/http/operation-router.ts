// From method and path to an operation of the contract. Paths are matched by whole segments; a literal segment goes before
// a parameter, so that `/requests/stream` is not the request called "stream", whatever the method.
import type { Operation } from '#api/operation.ts';

/** What a path leads to. */
export type OperationMatch =
  | { readonly kind: 'found'; readonly operation: Operation; readonly params: Record<string, string> }
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

interface Entry {
  readonly segments: readonly string[];
  readonly operation: Operation;
}

/** Longest path that is looked at. */
const longestPath = 4096;

export class OperationRouter {
  readonly #entries: readonly Entry[];

  constructor(operations: Iterable<Operation>) {
    this.#entries = [...operations]
      .map((operation) => ({ segments: operation.path.split('/').slice(1), operation }))
      .sort((a, b) => parameterCount(a) - parameterCount(b));
  }

  /** `path` is below the API's base, without query. */
  match(method: string, path: string): OperationMatch {
    if (path.length > longestPath) return { kind: 'none' };
    const segments = path.split('/').slice(1).map(decodeSegment);
    if (segments.includes(undefined)) return { kind: 'none' };
    const first = this.#entries.find(({ segments: pattern }) => paramsOf(pattern, segments as string[]));
    if (!first) return { kind: 'none' };
    const same = this.#entries.filter(({ operation }) => operation.path === first.operation.path);
    const found = same.find(({ operation }) => operation.method === method);
    if (!found) return { kind: 'other-method', allowed: same.map(({ operation }) => operation.method) };
    const params = paramsOf(found.segments, segments as string[])!;
    return { kind: 'found', operation: found.operation, params };
  }
}

function parameterCount({ segments }: Entry): number {
  return segments.filter((segment) => segment.startsWith('{')).length;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function paramsOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const segment = segments[i]!;
    if (expected.startsWith('{')) {
      if (segment === '') return undefined;
      params[expected.slice(1, -1)] = segment;
    } else if (expected !== segment) return undefined;
  }
  return params;
}
