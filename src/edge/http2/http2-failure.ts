// How a failure of the edge is said to an HTTP/2 client: the edge's error page, or for gRPC a trailers-only response,
// because gRPC clients read a status code from `grpc-status` and nothing from a page.
import { noBytes } from '#base/bytes.ts';
import { failureCodes } from '#http/exchange.ts';
import type { ExchangeFailure, FailureCode, RequestHead } from '#http/exchange.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';

/** The edge's error answer: flat `[name, value, ...]` fields without framing, and the page. */
export interface FailureAnswer {
  readonly fields: readonly string[];
  readonly body: Buffer;
}

/** Whether a request is a gRPC call. */
export function isGrpc(request: RequestHead | undefined): boolean {
  return request?.fields.get('content-type')?.startsWith('application/grpc') === true;
}

/** Header list and body to send for `what`. */
export function failureResponse(
  what: ExchangeFailure,
  answer: FailureAnswer,
  request: RequestHead | undefined,
): { fields: string[]; body: Buffer } {
  if (isGrpc(request)) return { fields: grpcFailure(what.code), body: noBytes };
  const fields = [':status', String(what.status), ...answer.fields];
  fields.push('content-length', String(answer.body.length));
  return { fields, body: answer.body };
}

/** Trailers-Only (gRPC over HTTP/2, "Responses"): one header block with END_STREAM. */
export function grpcFailure(code: FailureCode): string[] {
  const [status, title] = failureCodes[code];
  return [
    ':status',
    '200',
    'content-type',
    'application/grpc',
    'grpc-status',
    String(grpcStatus(status)),
    'grpc-message',
    encodeURIComponent(title).replaceAll('%20', ' '),
    'x-sallyport-error',
    code,
    ...ownAnswerStatus,
  ];
}

/** gRPC's own mapping of HTTP statuses, with DEADLINE_EXCEEDED where the origin was too slow. */
function grpcStatus(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
    case 431:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
    case 405:
    case 501:
      return 12;
    case 504:
      return 4;
    case 413:
      return 8;
    default:
      return httpStatus >= 500 || httpStatus === 429 ? 14 : 2;
  }
}
