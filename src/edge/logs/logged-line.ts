// An access log line read again: as data, and against a filter. Lines are looked at as text first, because most of those
// that are looked at are not wanted, and reading JSON costs ten times as much.
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';

/** A line as data; undefined for one that is no line of ours. */
export function parseLine(line: string): LoggedRequest | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '');
  const textOrNull = (key: string): string | null => (typeof fields[key] === 'string' ? fields[key] : null);
  const number = (key: string): number => (typeof fields[key] === 'number' ? fields[key] : 0);
  const numberOrNull = (key: string): number | null => (typeof fields[key] === 'number' ? fields[key] : null);
  return {
    time: text('time'),
    id: text('id'),
    client: text('client'),
    method: text('method'),
    host: text('host'),
    path: text('path'),
    protocol: text('protocol'),
    status: number('status'),
    bytesIn: number('bytesIn'),
    bytesOut: number('bytesOut'),
    ms: number('ms'),
    routedMs: numberOrNull('routedMs'),
    openMs: numberOrNull('openMs'),
    sentMs: numberOrNull('sentMs'),
    firstByteMs: numberOrNull('firstByteMs'),
    tunnel: textOrNull('tunnel'),
    connector: textOrNull('connector'),
    connection: textOrNull('connection'),
    rule: numberOrNull('rule'),
    attempts: 'attempts' in fields ? number('attempts') : 1,
    userAgent: textOrNull('userAgent'),
    trace: textOrNull('trace'),
    cache: textOrNull('cache'),
    user: textOrNull('user'),
    accessRule: textOrNull('accessRule'),
    error: textOrNull('error'),
    detail: textOrNull('detail'),
  };
}

/** Whether a line is wanted, and what it says. */
export type LineMatcher = (line: string) => LoggedRequest | undefined;

/**
 * Prepares a filter. Lines of the edge's own pages are wanted only by who names their host or tunnel: else whoever looks at
 * the log would mostly see himself looking.
 */
export function lineMatcher(filter: RequestFilter): LineMatcher {
  const marks = marksOf(filter);
  const search = filter.search?.toLowerCase();
  return (line) => {
    for (const mark of marks) if (!line.includes(mark)) return undefined;
    if (search !== undefined && !line.toLowerCase().includes(search)) return undefined;
    const request = parseLine(line);
    return request && isWanted(request, filter) ? request : undefined;
  };
}

/** Texts that every wanted line holds as they stand. */
function marksOf(filter: RequestFilter): string[] {
  const marks: string[] = [];
  const exact = (key: string, value: string | undefined): void => {
    if (value !== undefined) marks.push(`"${key}":${JSON.stringify(value)}`);
  };
  if (filter.host !== undefined && !filter.host.startsWith('*.')) exact('host', filter.host.toLowerCase());
  exact('tunnel', filter.tunnel);
  exact('method', filter.method?.toUpperCase());
  exact('client', filter.client);
  if (filter.path !== undefined) marks.push(`"path":${JSON.stringify(filter.path).slice(0, -1)}`);
  if (filter.status?.endsWith('xx') === false) marks.push(`"status":${filter.status}`);
  return marks;
}

function isWanted(request: LoggedRequest, filter: RequestFilter): boolean {
  const { host, status, tunnel, method, path, client } = filter;
  if (
    request.tunnel !== null &&
    isLocalTunnelId(request.tunnel) &&
    host === undefined &&
    tunnel === undefined
  )
    return false;
  return (
    (host === undefined || isHost(request.host, host.toLowerCase())) &&
    (status === undefined || isStatus(request.status, status)) &&
    (tunnel === undefined || request.tunnel === tunnel) &&
    (method === undefined || request.method === method.toUpperCase()) &&
    (path === undefined || request.path.startsWith(path)) &&
    (client === undefined || request.client === client)
  );
}

function isHost(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** `404` or `5xx`. */
function isStatus(status: number, wanted: string): boolean {
  return wanted.endsWith('xx') ? Math.floor(status / 100) === Number(wanted[0]) : status === Number(wanted);
}
