// The CORS protocol (Fetch standard, section 3.3) as an edge speaks it: which fields an answer needs so that a browser gives it
// to the script that asked.
import type { CorsSettings } from '#model/shaping/cors-rule.ts';
import { parseDuration } from '#base/text/duration.ts';
import type { RequestHead } from '../exchange.ts';

/** Fields that are the edge's to say, once a route has a word about it; lower-case. */
export const corsFields: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]);

/** A browser's question before a request that a form could not make. */
export function isPreflight({ method, fields }: RequestHead): boolean {
  return (
    method === 'OPTIONS' &&
    fields.get('origin') !== undefined &&
    fields.get('access-control-request-method') !== undefined
  );
}

/** What Access-Control-Allow-Origin says to an origin; undefined: it may not. */
export function allowedOrigin({ origins }: CorsSettings, origin: string): string | undefined {
  if (origins.includes('*')) return '*';
  const lower = origin.toLowerCase();
  return origins.some((pattern) => isMeant(pattern, lower)) ? origin : undefined;
}

function isMeant(pattern: string, origin: string): boolean {
  const [scheme, rest = ''] = pattern.split('//*');
  if (rest === '') return pattern === origin;
  const name = origin.slice(scheme!.length + 2, origin.length - rest.length);
  return (
    origin.startsWith(`${scheme}//`) && origin.endsWith(rest) && /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name)
  );
}

/** Field lines for an answer to a script, or to a preflight. */
export function corsLines(
  settings: CorsSettings,
  request: RequestHead,
  kind: 'answer' | 'preflight',
): string {
  const origin = request.fields.get('origin');
  const allowed = origin === undefined ? undefined : allowedOrigin(settings, origin);
  // Caches beyond the edge must not give one site what was said to another.
  let lines = settings.origins.includes('*') ? '' : 'Vary: Origin\r\n';
  if (allowed === undefined) return lines;
  lines += `Access-Control-Allow-Origin: ${allowed}\r\n`;
  if (settings.credentials) lines += 'Access-Control-Allow-Credentials: true\r\n';
  if (kind === 'answer') {
    return settings.expose?.length
      ? `${lines}Access-Control-Expose-Headers: ${settings.expose.join(', ')}\r\n`
      : lines;
  }
  const seconds = Math.floor(parseDuration(settings.maxAge)! / 1000);
  return (
    `${lines}Access-Control-Allow-Methods: ${settings.methods.join(', ')}\r\n` +
    `Access-Control-Allow-Headers: ${settings.headers.join(', ')}\r\nAccess-Control-Max-Age: ${seconds}\r\n`
  );
}
