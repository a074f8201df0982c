// AWS Signature Version 4 for a request whose body is known: the Authorization header and what must stand beside it.
// ("Create a signed AWS API request", AWS General Reference.)
import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials, '' for others. */
  readonly sessionToken: string;
}

export interface AwsRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly service: string;
  readonly region: string;
  readonly wallMs: number;
}

/** Headers to send with the request. */
export function awsHeaders(request: AwsRequest, credentials: AwsCredentials): Record<string, string> {
  const { method, url, body, service, region, wallMs } = request;
  const { host, pathname, searchParams } = new URL(url);
  const time = new Date(wallMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const signed: [string, string][] = [
    ['host', host],
    ['x-amz-date', time],
    ...(credentials.sessionToken === ''
      ? []
      : [['x-amz-security-token', credentials.sessionToken] as [string, string]]),
  ];
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    method,
    pathname,
    canonicalQuery(searchParams),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  for (const part of scope) key = hmac(key, part);
  const signature = hmac(key, toSign).toString('hex');
  const { host: _, ...headers } = Object.fromEntries(signed);
  return {
    ...headers,
    Authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Sorted by encoded name, then value. */
function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
}

/** RFC 3986, which leaves fewer characters alone than encodeURIComponent does. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
