// The connector's configuration file: cloudflared's config.yml as it is, read without edits (shared facts, tunnels.md
// 2a to 2c), and the JSON form of remote configuration. Values are strict, unknown keys only warn, and all problems
// are reported together with their lines.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, SallyportError } from '#base/errors.ts';
import { compileRules } from '#model/ingress/ingress-match.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { type FlagValue, flagTypeOf, readFlag } from './connector-config-flags.ts';
import {
  type ConfigEntry,
  type ConfigFormat,
  type ConfigProblem,
  ConfigReader,
} from './connector-config-reader.ts';
import { lintIngress } from './ingress-lint.ts';
import { type PartialOriginRequest, readOriginRequest } from './ingress-origin-request.ts';
import { readIngress } from './ingress-rules.ts';

export type { ConfigProblem } from './connector-config-reader.ts';

/** Everything a config file says. */
export interface ConnectorConfig {
  /** The file it came from, '' for none. */
  readonly source: string;
  /** UUID or name, '' when absent. */
  readonly tunnel: string;
  readonly credentialsFile: string;
  /** Rules in order; empty when the file has no `ingress`. */
  readonly rules: readonly IngressRule[];
  /** `originRequest` at the top of the file, also the base of single-origin rules. */
  readonly originRequest: PartialOriginRequest;
  /** Command-line flags set in the file, by their long name. */
  readonly flags: ReadonlyMap<string, FlagValue>;
}

/** A file read: `config` is only to be used when `problems` holds no error. */
export interface ConfigReading {
  readonly config: ConnectorConfig;
  /** 1-based line of each rule of `config.rules`; undefined where it cannot be told. */
  readonly ruleLines: readonly (number | undefined)[];
  readonly problems: readonly ConfigProblem[];
}

/** A configuration that says nothing. */
export const emptyConnectorConfig: ConnectorConfig = {
  source: '',
  tunnel: '',
  credentialsFile: '',
  rules: [],
  originRequest: {},
  flags: new Map(),
};

/** Larger files are not configuration. */
const maxFileBytes = 8 * 1024 * 1024;

const fileNames = ['config.yml', 'config.yaml'];

/** The folders that are searched, in order; the first two names in each are `config.yml` and `config.yaml`. */
export function configFolders(homeFolder: string): string[] {
  return [
    join(homeFolder, '.cloudflared'),
    join(homeFolder, '.cloudflare-warp'),
    join(homeFolder, 'cloudflare-warp'),
    '/etc/cloudflared',
    '/usr/local/etc/cloudflared',
  ];
}

/** The config file used when none is named, undefined when there is none. */
export function discoverConfigFile(homeFolder: string): string | undefined {
  for (const folder of configFolders(homeFolder)) {
    for (const name of fileNames) {
      const file = join(folder, name);
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    }
  }
  return undefined;
}

/**
 * Reads a file; its problems are in the result.
 * @throws SallyportError 'file-unreadable'
 */
export function readConnectorConfig(file: string): ConfigReading {
  return parseConnectorConfig(readText(file), 'yaml', file);
}

/** Reads configuration text; `source` is what messages call it. */
export function parseConnectorConfig(text: string, format: ConfigFormat, source: string): ConfigReading {
  const reader = new ConfigReader(text, format);
  const { config, ruleLines } = readAll(reader, source);
  return { config, ruleLines, problems: reader.problems };
}

/**
 * The configuration of a reading without errors.
 * @throws SallyportError 'config-invalid' listing every error with its line
 */
export function requireValid(reading: ConfigReading): ConnectorConfig {
  const errors = reading.problems.filter(({ kind }) => kind === 'error');
  if (errors.length === 0) return reading.config;
  const list = errors.map((problem) => formatProblem(problem)).join('; ');
  throw new SallyportError(
    'config-invalid',
    `The configuration ${reading.config.source} cannot be used: ${list}`,
  );
}

/** `message (line 12)` */
export function formatProblem(problem: ConfigProblem): string {
  return problem.line === undefined ? problem.message : `${problem.message} (line ${problem.line})`;
}

/** Index of the rule that takes a host and decoded path, as the edge would decide. */
export function matchRule(rules: readonly IngressRule[], host: string, decodedPath: string): number {
  return compileRules(rules).match(host, decodedPath);
}

function readText(file: string): string {
  try {
    if (statSync(file).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The configuration file ${file} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
}

function readAll(reader: ConfigReader, source: string): Omit<ConfigReading, 'problems'> {
  const entries = reader.entries(reader.root, 'the configuration') ?? [];
  if (reader.root === undefined) reader.warn('Configuration file is empty', undefined);
  const find = (name: string): ConfigEntry | undefined => entries.find(({ key }) => reader.isKey(key, name));
  const global = readOriginRequest(reader, find('originRequest')?.value, 'originRequest');
  const located = readIngress(reader, find('ingress')?.value, global);
  if (!reader.problems.some(({ kind }) => kind === 'error')) lintIngress(reader, located);
  if (global.access?.required) {
    reader.warn(
      'originRequest.access at the top of the file applies to every rule here (cloudflared ignores it there)',
      find('originRequest')?.line,
    );
  }
  readWarpRouting(reader, find('warp-routing'));
  const text = (name: string): string => reader.string(find(name)?.value, name) ?? '';
  const config: ConnectorConfig = {
    source,
    tunnel: text('tunnel'),
    credentialsFile: text('credentials-file') || text('cred-file'),
    rules: located.map(({ rule }) => rule),
    originRequest: global,
    flags: readFlags(reader, entries),
  };
  return { config, ruleLines: located.map(({ line }) => line) };
}

const structuredKeys = [
  'tunnel',
  'credentials-file',
  'cred-file',
  'ingress',
  'originRequest',
  'warp-routing',
];

function readFlags(reader: ConfigReader, entries: readonly ConfigEntry[]): Map<string, FlagValue> {
  const flags = new Map<string, FlagValue>();
  for (const entry of entries) {
    if (structuredKeys.some((key) => reader.isKey(entry.key, key))) continue;
    const type = flagTypeOf(entry.key);
    const value = type && readFlag(reader, type, entry);
    if (!type) reader.unusedKey(entry.key, entry.line);
    else if (value !== undefined) flags.set(entry.key, value);
  }
  return flags;
}

/** Private networks are not carried (yet): the block is checked, so that a file that is valid there is valid here. */
function readWarpRouting(reader: ConfigReader, entry: ConfigEntry | undefined): void {
  for (const { key, value, line } of reader.entries(entry?.value, 'warp-routing') ?? []) {
    const name = `warp-routing.${key}`;
    if (reader.isKey(key, 'connectTimeout') || reader.isKey(key, 'tcpKeepAlive'))
      reader.duration(value, name);
    else if (reader.isKey(key, 'maxActiveFlows')) reader.integer(value, name);
    else if (reader.isKey(key, 'enabled')) reader.boolean(value, name);
    else reader.unusedKey(name, line);
  }
}
