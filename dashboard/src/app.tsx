// Everything around the pages: colours, the client of the API with its cache, the router, toasts and the clock.
import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useState } from 'react';
import type { ApiClient } from '#api/client.ts';
import './styles.ts';
import { LiveContext, LiveState } from './api/live-state.ts';
import { ApiContext } from './api/queries.ts';
import { isPassing, isSignedOut } from './api/send.ts';
import { cssVariables, theme } from './kit/theme.ts';
import { NowProvider } from './kit/time-ago.tsx';
import { ToastProvider } from './kit/toasts.tsx';
import { createAppRouter } from './router.tsx';
import { keptColours } from './shell/colour-scheme.ts';

export interface AppProps {
  readonly api: ApiClient;
  /** `/` or `/admin/`. */
  readonly basePath: string;
  /** '' where the page was served without a content security policy. */
  readonly styleNonce: string;
}

/** How long what was read counts as fresh without an event, in milliseconds. */
const freshMs = 10_000;
const maxRetries = 2;

/** The dashboard. */
export function App({ api, basePath, styleNonce }: AppProps) {
  const [queries] = useState(createQueries);
  const [live] = useState(() => new LiveState());
  const [router] = useState(() => createAppRouter(basePath));
  return (
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        colorSchemeManager={keptColours}
        defaultColorScheme="auto"
        getStyleNonce={() => styleNonce}
      >
        <ApiContext value={api}>
          <LiveContext value={live}>
            <QueryClientProvider client={queries}>
              <NowProvider>
                <ToastProvider>
                  <RouterProvider router={router} />
                </ToastProvider>
              </NowProvider>
            </QueryClientProvider>
          </LiveContext>
        </ApiContext>
      </MantineProvider>
    </StrictMode>
  );
}

function createQueries(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        // The session has ended: whoever asks next is led to the sign-in page.
        if (isSignedOut(error) && query.queryKey[0] !== 'getMe')
          void client.resetQueries({ queryKey: ['getMe'] });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: freshMs,
        retry: (failures, error) => failures < maxRetries && isPassing(error),
        // The browser's word on being online says nothing about the edge.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}
