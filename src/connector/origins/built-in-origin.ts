// The services a connector answers by itself: http_status:N and hello_world. A node:http server in this process is
// fed with streams; it listens nowhere.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createHttpServer } from '#base/net/node-http.ts';
import type { IngressRule, Service } from '#model/ingress/ingress-rule.ts';
import { StreamDuplex } from '#tunnel/stream-duplex.ts';
import { helloPage } from './hello-page.ts';
import type { Origin, OriginContext } from './origin.ts';

type BuiltInService = Extract<Service, { kind: 'http-status' | 'hello-world' }>;

/** An origin that answers with a bare status, or with the page that shows a tunnel works. */
export function createBuiltInOrigin(
  rule: IngressRule,
  service: BuiltInService,
  context: OriginContext,
): Origin {
  const answer = service.kind === 'http-status' ? statusAnswer(service.status) : answerHello;
  // The edge decides how long an idle stream is kept; a shorter limit here would only break one in its hands.
  const server = createHttpServer(
    { keepAliveTimeout: 0, requestTimeout: 0, insecureHTTPParser: false },
    answer,
  );
  return {
    serve(stream, _request, opened) {
      const socket = new StreamDuplex(stream, { destroyReason: 'origin-lost' });
      context.events.streamOpened();
      socket.on('close', () => context.events.streamClosed(rule, '', ''));
      socket.on('error', () => {});
      opened();
      server.emit('connection', socket);
    },
    close() {
      server.close();
    },
  };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** cloudflared answers with an empty body; the status is all there is to say. */
function statusAnswer(status: number): Answer {
  return (request, response) => {
    request.resume();
    response.writeHead(
      status,
      status < 200 || status === 204 || status === 304 ? {} : { 'Content-Length': 0 },
    );
    response.end();
  };
}

function answerHello(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.url?.split('?')[0] === '/_health') {
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('ok\n');
    return;
  }
  const body = helloPage({
    host: request.headers.host ?? '',
    method: request.method ?? '',
    path: request.url ?? '',
  });
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
