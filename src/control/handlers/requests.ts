// Handlers of the operations on the access log.
import type { requestOperations } from '#api/requests.ts';
import { SallyportError } from '#base/errors.ts';
import type { Clock } from '#base/clock.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';
import { required } from '../control-state.ts';
import { writeEvents } from '../http/event-stream.ts';
import type { Handlers } from '../http/handler.ts';
import { findTunnel, type Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function requestHandlers(
  sources: Sources & { readonly clock: Clock },
): Handlers<keyof typeof requestOperations> {
  const { control, edge, clock } = sources;
  /** The log knows tunnels by id. */
  const byId = ({ tunnel, ...filter }: RequestFilter): RequestFilter =>
    tunnel === undefined ? filter : { ...filter, tunnel: findTunnel(control, tunnel)?.tunnel.id ?? tunnel };
  const find = async (id: string): Promise<LoggedRequest> => {
    const found = await edge.findRequest(id);
    if (found) return found;
    throw new SallyportError(
      'not-found',
      `The edge does not hold the request ${id} any more; look for it in the access log file.`,
    );
  };
  return {
    async listRequests({ query: { limit, cursor, ...filter } }) {
      const page = await edge.listRequests(byId(filter), { limit, cursor });
      return { items: page.items, nextCursor: page.nextCursor ?? null, held: page.held };
    },
    streamRequests({ query }) {
      return (response, signal) =>
        writeEvents({ response, signal, clock }, (stream) =>
          edge.onRequest(byId(query), (request) => stream.send('request', request)),
        );
    },
    getRequest: ({ params }) => find(params.request),
    async replayRequest({ params }) {
      const { method, host, path } = await find(params.request);
      if (method !== 'GET' && method !== 'HEAD') {
        throw new SallyportError(
          'invalid',
          `A ${method} may change something at its origin, and its body is not kept; only GET and HEAD are sent again.`,
        );
      }
      const url = `https://${required(host === '' ? undefined : host, 'host of the request', params.request)}${path}`;
      return edge.sendRequest({ method, url });
    },
  };
}
