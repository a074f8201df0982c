// The live tail: what the edge holds, and each further request as it finishes. It reconnects by itself, and can be paused
// without losing what comes meanwhile (up to the limit).
import { useEffect, useReducer, useRef } from 'react';
import { loggedRequestSchema, type LoggedRequest, type RequestFilter } from '#model/live/logged-request.ts';
import { readEvents } from '../../api/event-stream.ts';
import { useApi } from '../../api/queries.ts';

/** Requests on the screen at most; older ones leave it. */
export const maxShown = 300;
const firstPageSize = 100;
/** Between a stream that ended and the next try, in milliseconds. */
const retryMs = 2_000;
/** The screen is drawn at most this often, in milliseconds, however many requests come. */
const drawMs = 250;

export interface Tail {
  readonly shown: readonly LoggedRequest[] | undefined;
  /** Came while paused. */
  readonly waiting: number;
  readonly error: unknown;
}

interface State {
  readonly shown: readonly LoggedRequest[] | undefined;
  readonly held: readonly LoggedRequest[];
  readonly error: unknown;
}

type Action =
  | { readonly kind: 'first'; readonly items: readonly LoggedRequest[] }
  | { readonly kind: 'more'; readonly items: readonly LoggedRequest[]; readonly isPaused: boolean }
  | { readonly kind: 'resume' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'clear' };

function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case 'first':
      return { shown: join(action.items, []), held: [], error: null };
    case 'more':
      if (action.isPaused) return { ...state, held: join(action.items, state.held) };
      return { ...state, error: null, shown: join(action.items, state.shown ?? []) };
    case 'resume':
      return { ...state, held: [], shown: join(state.held, state.shown ?? []) };
    case 'failed':
      return { ...state, error: action.error };
    case 'clear':
      return { shown: undefined, held: [], error: null };
  }
}

/** Newest first, each once, no more than fit. */
export function join(
  newer: readonly LoggedRequest[],
  older: readonly LoggedRequest[],
): readonly LoggedRequest[] {
  const seen = new Set<string>();
  const all: LoggedRequest[] = [];
  for (const request of [...newer, ...older]) {
    if (seen.has(request.id)) continue;
    seen.add(request.id);
    all.push(request);
    if (all.length === maxShown) break;
  }
  return all;
}

/** Follows the requests that pass `filter`. */
export function useLiveTail(filter: RequestFilter, isPaused: boolean): Tail {
  const api = useApi();
  const [state, dispatch] = useReducer(reduce, { shown: undefined, held: [], error: null });
  const paused = useRef(isPaused);
  const key = JSON.stringify(filter);
  useEffect(() => {
    paused.current = isPaused;
    if (!isPaused) dispatch({ kind: 'resume' });
  }, [isPaused]);
  useEffect(() => {
    const query = JSON.parse(key) as RequestFilter;
    const stop = new AbortController();
    const { signal } = stop;
    let gathered: LoggedRequest[] = [];
    const flush = setInterval(() => {
      if (gathered.length === 0) return;
      dispatch({ kind: 'more', items: gathered, isPaused: paused.current });
      gathered = [];
    }, drawMs);
    const follow = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          // The stream first, so that nothing falls between it and the list.
          const stream = await api.streamRequests({ query }, signal);
          const reading = readEvents(stream, ({ data }) => {
            const parsed = loggedRequestSchema.safeParse(JSON.parse(data));
            if (parsed.success) gathered = [parsed.data, ...gathered].slice(0, maxShown);
          });
          const { items } = await api.listRequests({ query: { ...query, limit: firstPageSize } }, signal);
          dispatch({ kind: 'first', items });
          await reading;
        } catch (error) {
          if (!signal.aborted) dispatch({ kind: 'failed', error });
        }
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    };
    dispatch({ kind: 'clear' });
    void follow();
    return () => {
      stop.abort();
      clearInterval(flush);
    };
  }, [api, key]);
  return { shown: state.shown, waiting: state.held.length, error: state.error };
}
