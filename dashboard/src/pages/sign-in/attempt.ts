// One attempt to sign in, and where it leads.
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import type { ApiClient } from '#api/client.ts';
import { useApi } from '../../api/queries.ts';
import { basePath } from '../../base-path.ts';

/** Goes to where one wanted to be, as somebody who is signed in. */
export function useEnter(next: string | undefined): (otherwise?: '/' | '/account') => Promise<void> {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  return async (otherwise = '/') => {
    queries.removeQueries({ queryKey: ['getMe'] });
    // Only to a place of ours: `//elsewhere` and `https:` are none.
    const isOurs = next !== undefined && /^\/(?![/\\])/.test(next);
    // Pages for visitors of protected sites are the edge's, not this application's.
    if (isOurs && next.startsWith('/access/')) window.location.replace(`${basePath().slice(0, -1)}${next}`);
    else if (isOurs) router.history.replace(`${basePath().slice(0, -1)}${next}`);
    else await navigate({ to: otherwise, replace: true });
  };
}

/** Runs an attempt when it is started, and keeps what became of it. */
export function useAttempt(attempt: (api: ApiClient) => Promise<void>) {
  const api = useApi();
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const start = async (): Promise<void> => {
    setRunning(true);
    setError(undefined);
    try {
      await attempt(api);
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  return { error, isRunning, start: () => void start() };
}
