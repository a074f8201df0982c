// The streams of the world in memory: live events, requests as they finish, a backup's bytes.
import type { Operation } from '#api/operation.ts';
import { requestFilterSchema } from '#model/live/logged-request.ts';
import { makeRequest } from './fake-requests.ts';
import { matches } from './fake-status.ts';
import type { FakeWorld } from './fake-world.ts';

/** The answer of a streaming operation. */
export function streamOf(
  world: FakeWorld,
  operation: Operation,
  query: Record<string, string>,
  signal?: AbortSignal,
): Response {
  if (operation.id === 'downloadBackup') return new Response('not a real backup');
  const filter = operation.id === 'streamRequests' ? requestFilterSchema.parse(query) : undefined;
  const encoder = new TextEncoder();
  let stop = (): void => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, data: unknown): void =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      const timer = setInterval(() => {
        if (world.isAway) {
          stop();
          controller.error(new TypeError('network error'));
        } else if (filter === undefined) send('traffic', traffic(world));
        else if (world.routes.length > 0) {
          const request = makeRequest(world, world, Date.now());
          world.requests.unshift(request);
          if (matches(request, filter)) send('request', request);
        }
      }, 1000);
      const unlisten =
        filter === undefined
          ? world.listen((event) => send((event as { kind: string }).kind, event))
          : () => {};
      stop = () => {
        clearInterval(timer);
        unlisten();
      };
      signal?.addEventListener('abort', () => {
        stop();
        controller.error(signal.reason);
      });
      controller.enqueue(encoder.encode(': hello\n\n'));
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

function traffic(world: FakeWorld): object {
  const tunnels: Record<string, object> = {};
  const total = { requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 };
  for (const { view } of world.tunnels) {
    if (view.connectors === 0) continue;
    const requests = Math.floor(world.random() ** 2 * 30);
    if (requests === 0) continue;
    const count = {
      requests,
      errors: world.random() < 0.1 ? 1 : 0,
      bytesIn: requests * 700,
      bytesOut: requests * 24_000,
    };
    tunnels[view.id] = count;
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += count[key];
  }
  return { kind: 'traffic', atMs: Date.now(), total, tunnels };
}
