// Requests of the command line to an edge's API: over https with a key, or over the socket file of an edge on this machine.
// Answers come as web Responses, whose bodies may be streams that last.
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { errorText, SallyportError } from '#base/errors.ts';
import { httpRequest, httpsRequest } from '#base/net/node-http.ts';
import { version } from '#base/version.ts';
import type { Runners } from '#cli/runners.ts';

/** Until the head of an answer; explaining a URL that hangs takes the longest. */
const answerWithinMs = 60_000;
const withoutBody = [101, 204, 205, 304];

/** See `Runners.send`. */
export const sendToEdge: Runners['send'] = (target, path, init) => {
  const headers: Record<string, string> = { ...init.headers, 'user-agent': `sallyport/${version}` };
  const options: RequestOptions = { method: init.method, headers, agent: false };
  if (init.signal) options.signal = init.signal;
  if (target.kind === 'socket') {
    return ask(httpRequest, { ...options, socketPath: target.file, path }, init.body, target.file);
  }
  const base = new URL(target.url);
  headers['host'] = base.host;
  if (target.key !== '') headers['authorization'] = `Bearer ${target.key}`;
  return ask(
    base.protocol === 'http:' ? httpRequest : httpsRequest,
    {
      ...options,
      host: dialled(base.hostname),
      servername: base.hostname,
      port: base.port || undefined,
      path: `${base.pathname.replace(/\/$/, '')}${path}`,
      ...(target.ca === '' ? {} : { ca: [...rootCertificates, target.ca] }),
    } as RequestOptions,
    init.body,
    target.url,
  );
};

/** Names below `localhost` are this machine, whatever its resolver says (RFC 6761, section 6.3). */
function dialled(hostname: string): string {
  return hostname.endsWith('.localhost') ? 'localhost' : hostname.replace(/^\[|\]$/g, '');
}

function ask(
  request: typeof httpRequest,
  options: RequestOptions,
  body: string | undefined,
  where: string,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const asking = request(options, (answer) => {
      asking.setTimeout(0);
      resolve(responseOf(answer));
    });
    asking.setTimeout(answerWithinMs, () =>
      asking.destroy(new Error(`no answer within ${answerWithinMs / 1000} s`)),
    );
    asking.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, where)));
    asking.end(body);
  });
}

function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 500;
  const headers = new Headers();
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    headers.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!);
  }
  if (withoutBody.includes(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(answer) as ReadableStream, { status, headers });
}

function unreachable(error: NodeJS.ErrnoException, where: string): SallyportError {
  const cures: Readonly<Record<string, string>> = {
    ENOENT:
      'is an edge running here, with this data folder? If it is, its log says why its control plane is away',
    EACCES: 'only the user that the edge runs as, and root, may open it',
    ECONNREFUSED: 'see whether the edge is running',
    ENOTFOUND: 'check the name, and its DNS record',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'sign in again with --cacert FILE if the edge has a CA of its own',
    SELF_SIGNED_CERT_IN_CHAIN: 'sign in again with --cacert FILE if the edge has a CA of its own',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'sign in again with --cacert FILE if the edge has a CA of its own',
  };
  return new SallyportError(
    'edge-unreachable',
    `The edge at ${where} could not be asked (${errorText(error)}); ${cures[error.code ?? ''] ?? 'check the address and the network'}.`,
    { cause: error },
  );
}
