// A route's header changes, ready for use: which names go, and which lines come, with variables filled in per request. What
// fills them in cannot end a line, whatever a client wrote.
import { type HeaderChanges, type HeaderVariable, headerVariables } from '#model/shaping/header-rules.ts';
import type { RequestHead } from '../exchange.ts';

/** Values of variables for one request. */
export type VariableValues = Readonly<Record<HeaderVariable, string>>;

export interface CompiledChanges {
  /** Lower-case. */
  readonly omitted: ReadonlySet<string>;
  /** Lines to add, each ending in CRLF. */
  readonly linesFor: (values: () => VariableValues) => string;
}

/** The changes, compiled; lines without variables are made once. */
export function compileChanges({ set = {}, add = {}, remove = [] }: HeaderChanges): CompiledChanges {
  const entries = [...Object.entries(set), ...Object.entries(add)];
  const omitted = new Set([...Object.keys(set), ...remove].map((name) => name.toLowerCase()));
  const text = entries.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const hasVariables = variable.test(entries.map(([, value]) => value).join(' '));
  if (!hasVariables) return { omitted, linesFor: () => text };
  return {
    omitted,
    linesFor(values) {
      const found = values();
      return entries.map(([name, value]) => `${name}: ${fillIn(value, found)}\r\n`).join('');
    },
  };
}

const variable = new RegExp(`\\{(${headerVariables.join('|')})\\}`);
const everyVariable = new RegExp(variable.source, 'g');

function fillIn(text: string, values: VariableValues): string {
  return text.replace(everyVariable, (_, name: HeaderVariable) =>
    values[name].replace(/[^\x20-\x7e\x80-\xff]/g, ''),
  );
}

/** The values for a request. */
export function variableValues(request: RequestHead, clientAddress: string): VariableValues {
  return {
    client_ip: clientAddress,
    host: request.host,
    scheme: request.scheme,
    method: request.method,
    path: request.path,
    query: request.query.slice(1),
    request_id: request.requestId,
  };
}
