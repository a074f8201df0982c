// `tunnel ingress validate` and `tunnel ingress rule URL`: what they print and how they exit, as cloudflared does
// (shared facts, tunnels.md 2e), with two additions: every error is listed, and warnings follow.
import { parseHostname } from '#base/net/hostname.ts';
import { isSallyportError } from '#base/errors.ts';
import { compileRules } from '#model/ingress/ingress-match.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import {
  type ConfigReading,
  discoverConfigFile,
  formatProblem,
  parseConnectorConfig,
  readConnectorConfig,
} from './connector-config.ts';
import type { ConfigProblem } from './connector-config-reader.ts';
import { ingressMessages } from './ingress-rules.ts';

/** What a command prints (ends in a newline) and its exit code. */
export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

const noFile =
  'No configuration file was found. Please create one, or use the --config flag to specify its filepath. ' +
  'You can use the help command to learn more about configuration files';

/** `tunnel ingress validate`: `file` is undefined when no config file was named or found; see `discoverConfigFile`. */
export function validateIngress(file: string | undefined): CommandResult {
  if (file === undefined) return failed(noFile);
  return withReading(file, (reading) => validationOf(`Validating rules from ${file}`, reading));
}

/** `tunnel ingress validate --json DATA`. */
export function validateIngressJson(json: string): CommandResult {
  const source = 'cmdline flag --json';
  return validationOf(`Validating rules from ${source}`, parseConnectorConfig(json, 'json', source));
}

/** `tunnel ingress rule URL`. Like cloudflared, it tests the URL's own path, which is '' where none is written. */
export function matchIngress(file: string | undefined, url: string): CommandResult {
  if (url === '') return failed('tunnel ingress rule expects a single argument, the URL to test');
  const target = splitTarget(url);
  if ('error' in target) return failed(target.error);
  if (file === undefined) return failed(noFile);
  return withReading(file, (reading) => {
    const head = `Using rules from ${file}\n`;
    const errors = errorsOf(reading);
    if (errors.length > 0) return { text: head + listErrors(errors), exitCode: 1 };
    return { text: head + describeMatch(reading.config.rules, target), exitCode: 0 };
  });
}

/** The file that the ingress commands use: the one named, else the first found in the usual folders. */
export function configFileFor(named: string | undefined, homeFolder: string): string | undefined {
  return named ?? discoverConfigFile(homeFolder);
}

function withReading(file: string, use: (reading: ConfigReading) => CommandResult): CommandResult {
  try {
    return use(readConnectorConfig(file));
  } catch (error) {
    if (isSallyportError(error)) return failed(error.message);
    throw error;
  }
}

function validationOf(head: string, reading: ConfigReading): CommandResult {
  const errors = errorsOf(reading);
  if (errors.length > 0) return { text: `${head}\n${listErrors(errors)}`, exitCode: 1 };
  const warnings = reading.problems.filter(({ kind }) => kind === 'warning');
  const unused = reading.problems.filter(({ kind }) => kind === 'unused-key');
  let text = `${head}\n`;
  for (const warning of warnings) text += `Warning: ${formatProblem(warning)}\n`;
  if (unused.length === 0) return { text: `${text}OK\n`, exitCode: 0 };
  text += 'Warning: unused keys detected in your config file. Here is a list of unused keys:\n';
  for (const problem of unused) text += `  ${formatProblem(problem)}\n`;
  return { text, exitCode: 0 };
}

function errorsOf(reading: ConfigReading): ConfigProblem[] {
  const errors = reading.problems.filter(({ kind }) => kind === 'error');
  if (errors.length > 0) return errors;
  if (reading.config.rules.length === 0)
    errors.push({ kind: 'error', message: ingressMessages.noRules, line: undefined });
  else if (reading.config.flags.has('url'))
    errors.push({ kind: 'error', message: ingressMessages.urlWithIngress, line: undefined });
  return errors;
}

function listErrors(errors: readonly ConfigProblem[]): string {
  return errors.map((problem) => `Validation failed: ${formatProblem(problem)}\n`).join('');
}

interface Target {
  readonly host: string;
  readonly decodedPath: string;
}

function splitTarget(url: string): Target | { readonly error: string } {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)/.exec(url)!;
  const [, scheme, authority = '', path] = match;
  const host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  if (/[\s\u0000-\u001f]/.test(url)) return { error: `${url} is not a valid URL` };
  if (host === '' && scheme === undefined)
    return { error: `${url} doesn't have a hostname, consider adding a scheme` };
  try {
    return { host: parseHostname(host) ?? host.toLowerCase(), decodedPath: decodeURIComponent(path ?? '') };
  } catch {
    return { error: `${url} is not a valid URL` };
  }
}

function describeMatch(rules: readonly IngressRule[], target: Target): string {
  const matcher = compileRules(rules);
  const index = matcher.match(target.host, target.decodedPath);
  const rule = rules[index]!;
  let text = `Matched rule #${index}\n`;
  if (rule.hostname !== '') text += `\thostname: ${rule.hostname}\n`;
  if (rule.path !== '') text += `\tpath: ${rule.path}\n`;
  text += `\tservice: ${rule.service.text}\n`;
  if (target.decodedPath !== '') return text;
  const live = matcher.match(target.host, '/');
  return live === index
    ? text
    : `${text}Note: a request without a path arrives as "/", which matches rule #${live}\n`;
}

function failed(message: string): CommandResult {
  return { text: `${message}\n`, exitCode: 1 };
}
