// Reading and changing through the API: hooks over TanStack Query whose keys are the operation's id and its input, so
// that live events (live-events.ts) can say by id what is to be read again.
import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { createContext, use } from 'react';
import type { OperationId, Operations, StreamOperationId } from '#api/api.ts';
import type { ApiClient } from '#api/client.ts';
import type { CallInput, CallResult } from '#api/operation.ts';

/** Operations that answer with JSON or nothing. */
export type CallId = Exclude<OperationId, StreamOperationId>;
export type Input<Id extends CallId> = CallInput<Operations[Id]>;
export type Result<Id extends CallId> = CallResult<Operations[Id]>;

/** The client that everything below uses; `main.tsx` gives the real one, `dev/` one without an edge. */
export const ApiContext = createContext<ApiClient | undefined>(undefined);

/** The API's client. */
export function useApi(): ApiClient {
  const api = use(ApiContext);
  if (api === undefined) throw new Error('useApi is used outside of ApiContext');
  return api;
}

/** Calls an operation that is known only by its id; the types of the contract meet here. */
export function call<Id extends CallId>(
  api: ApiClient,
  id: Id,
  input: Input<Id>,
  signal?: AbortSignal,
): Promise<Result<Id>> {
  const operation = api[id] as (input: Input<Id>, signal?: AbortSignal) => Promise<Result<Id>>;
  return operation(input, signal);
}

export interface ReadOptions {
  readonly isEnabled?: boolean;
  /** Keeps showing what was there while something else is asked for (filters, sorting). */
  readonly keepsPrevious?: boolean;
  /** Milliseconds between slow readings, for what no event announces. */
  readonly everyMs?: number;
}

/** Reads, and reads again when an event says so. */
export function useRead<Id extends CallId>(id: Id, input: Input<Id>, options: ReadOptions = {}) {
  const api = useApi();
  return useQuery<Result<Id>>({
    queryKey: [id, input],
    queryFn: ({ signal }) => call(api, id, input, signal),
    enabled: options.isEnabled ?? true,
    ...(options.everyMs === undefined ? {} : { refetchInterval: options.everyMs }),
    ...(options.keepsPrevious ? { placeholderData: keepPreviousData as never } : {}),
  });
}

/** Operations that answer with pages. */
export type PagedId =
  | 'listTunnels'
  | 'listConnectors'
  | 'listRoutes'
  | 'listPorts'
  | 'listBans'
  | 'listCertificates'
  | 'listCached'
  | 'listNames'
  | 'listUsers'
  | 'listSessions'
  | 'listShareLinks'
  | 'listPagePasswords'
  | 'listTrustedAddresses'
  | 'listApiKeys'
  | 'listAudit'
  | 'listChannels'
  | 'listMutes'
  | 'listNotifications';

interface AnyPage {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
  readonly total?: number;
}

/** Reads a list page by page; `items` are those of all the pages that were asked for. */
export function usePaged<Id extends PagedId>(
  id: Id,
  query: Input<Id>['query'],
  { everyMs }: Pick<ReadOptions, 'everyMs'> = {},
) {
  type Item = Result<Id>['items'][number];
  const api = useApi();
  const result = useInfiniteQuery({
    queryKey: [id, query],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam }) =>
      (await call(api, id, { query: { ...query, cursor: pageParam } } as Input<Id>, signal)) as AnyPage,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: (previous) => previous,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
  const pages = result.data?.pages;
  return {
    items: pages?.flatMap((page) => page.items as Item[]),
    total: pages?.[0]?.total,
    error: result.error,
    hasMore: result.hasNextPage,
    isLoadingMore: result.isFetchingNextPage,
    loadMore: () => void result.fetchNextPage(),
  };
}

/** Changes something; what was read is read again afterwards, also when the change was refused. */
export function useChange<Id extends CallId>(id: Id) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input<Id>) => call(api, id, input),
    onSettled: () => readAgain(queries),
  });
}

/** Marks everything as old: what is on the screen is read again at once. */
export function readAgain(queries: QueryClient, ids?: ReadonlySet<string>): Promise<void> {
  if (ids === undefined) return queries.invalidateQueries();
  return queries.invalidateQueries({ predicate: ({ queryKey }) => ids.has(String(queryKey[0])) });
}
