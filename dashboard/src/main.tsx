// The dashboard starts here: with the page's own origin as its edge.
import { createApiClient } from '#api/client.ts';
import { sendFromPage } from './api/send.ts';
import { startApp } from './start-app.tsx';

startApp(createApiClient(sendFromPage));
