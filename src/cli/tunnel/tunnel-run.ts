// `sallyport tunnel run` (and `connect`): weighs command line, environment and file as cloudflared does, then runs a
// connector.
import { dirname, isAbsolute, join } from 'node:path';
import { existsSync } from 'node:fs';
import { SallyportError } from '#base/errors.ts';
import {
  type ConnectorConfig,
  discoverConfigFile,
  emptyConnectorConfig,
  readConnectorConfig,
  formatProblem,
  requireValid,
} from '#config/connector-config.ts';
import { namesOrigin, singleOriginConfig } from '#config/single-origin.ts';
import type { Command, CommandContext, Flag, FlagValue, Input } from '../command.ts';
import { textOf } from '../command.ts';
import type { ConnectorRequest, CredentialsOrigin } from '../runners.ts';

const flags: readonly Flag[] = [
  { name: 'token', type: 'string', value: 'TOKEN', env: 'TUNNEL_TOKEN', help: 'the tunnel token' },
  {
    name: 'token-file',
    type: 'string',
    value: 'FILE',
    env: 'TUNNEL_TOKEN_FILE',
    help: 'file with the token; watched for renewal',
  },
  {
    name: 'config',
    type: 'string',
    value: 'FILE',
    help: 'config.yml with ingress rules; watched for changes',
  },
  {
    name: 'credentials-file',
    type: 'string',
    value: 'FILE',
    env: 'TUNNEL_CRED_FILE',
    help: 'credentials of the tunnel (also --cred-file)',
  },
  {
    name: 'credentials-contents',
    type: 'string',
    value: 'JSON',
    env: 'TUNNEL_CRED_CONTENTS',
    help: 'the same as text (also --cred-contents)',
  },
  {
    name: 'edge',
    type: 'strings',
    value: 'HOST:PORT',
    env: 'TUNNEL_EDGE',
    help: 'the edge to dial, instead of the one in the token',
  },
  {
    name: 'cacert',
    type: 'string',
    value: 'FILE',
    env: 'TUNNEL_CACERT',
    help: 'PEM of CAs that may vouch for the edge',
  },
  {
    name: 'url',
    type: 'string',
    value: 'URL',
    env: 'TUNNEL_URL',
    help: 'serve this one origin, without ingress rules',
  },
  {
    name: 'unix-socket',
    type: 'string',
    value: 'PATH',
    env: 'TUNNEL_UNIX_SOCKET',
    help: 'serve this one unix socket',
  },
  {
    name: 'hello-world',
    type: 'boolean',
    env: 'TUNNEL_HELLO_WORLD',
    help: 'serve a built-in page, to test the way',
  },
  {
    name: 'metrics',
    type: 'string',
    value: 'HOST:PORT',
    env: 'TUNNEL_METRICS',
    help: '/metrics, /ready and /healthcheck',
  },
  {
    name: 'grace-period',
    type: 'duration',
    value: 'TIME',
    env: 'TUNNEL_GRACE_PERIOD',
    help: 'how long streams may finish on SIGTERM (30s)',
  },
  {
    name: 'no-remote-config',
    type: 'boolean',
    help: 'never take ingress rules from the edge',
  },
  { name: 'ha-connections', type: 'integer', value: 'N', help: 'connections to the edge (4)' },
  {
    name: 'protocol',
    type: 'string',
    value: 'NAME',
    env: 'TUNNEL_TRANSPORT_PROTOCOL',
    help: 'auto, tls or websocket',
  },
  {
    name: 'loglevel',
    type: 'string',
    value: 'LEVEL',
    env: 'TUNNEL_LOGLEVEL',
    help: 'debug, info, warn, error or fatal',
  },
  { name: 'logfile', type: 'string', value: 'FILE', env: 'TUNNEL_LOGFILE', help: 'log to this file as well' },
  {
    name: 'pidfile',
    type: 'string',
    value: 'FILE',
    env: 'TUNNEL_PIDFILE',
    help: 'written when the first connection is up',
  },
];

/** Shared by `tunnel run` and `connect`. */
function runCommand(words: readonly string[], summary: string): Command {
  return {
    words,
    usage: '[NAME] [flags]',
    summary,
    description: `Dials out to the edge, keeps a few connections up and serves the origins that
its ingress rules name. Without --token, --token-file or --url, config.yml is looked
for where cloudflared looks. Every flag of "cloudflared tunnel run" is accepted,
before and after "run"; those without a meaning here are named once at debug.`,
    flags,
    examples: [
      `sallyport ${words.join(' ')} --token eyJhIjoi...`,
      `sallyport ${words.join(' ')} --config config.yml --edge edge.example.com:443`,
      'sallyport tunnel --loglevel info --metrics 0.0.0.0:2000 run',
    ],
    maxArgs: 1,
    takesTunnelFlags: true,
    async run(input, context) {
      await context.runners.connector(connectorRequest(input, context));
      return 0;
    },
  };
}

export const tunnelRunCommand: Command = runCommand(['tunnel', 'run'], 'run a connector for a tunnel');
export const connectCommand: Command = runCommand(['connect'], 'short for tunnel run');

/** Everything `tunnel run` needs, decided. @throws SallyportError */
export function connectorRequest(input: Input, context: CommandContext): ConnectorRequest {
  const file = configFileOf(input, context);
  const fileConfig = file === undefined ? emptyConnectorConfig : readFile(file, context);
  const flagValues = new Map<string, FlagValue>([...fileConfig.flags, ...input.flags]);
  const config = withRules(fileConfig, flagValues, input);
  return {
    credentials: credentialsOf(
      { flags: flagValues, config: fileConfig, name: input.args[0] ?? fileConfig.tunnel },
      context,
    ),
    config,
    isWatched: fileConfig.rules.length > 0,
    hasOwnRules: fileConfig.rules.length > 0 || namesOrigin(flagValues),
    flags: flagValues,
  };
}

/** A named file; else, unless one origin or a token alone was asked for, the one found in the usual folders. */
function configFileOf(input: Input, { homeFolder }: CommandContext): string | undefined {
  const named = textOf(input, 'config');
  return named === '' ? discoverConfigFile(homeFolder) : named;
}

function readFile(file: string, { err }: CommandContext): ConnectorConfig {
  const reading = readConnectorConfig(file);
  const config = requireValid(reading);
  for (const problem of reading.problems) err(`Warning: ${formatProblem(problem)} in ${file}\n`);
  return config;
}

/** The file's rules; or one rule from `--url` and its relatives; both together are refused when typed. */
function withRules(
  config: ConnectorConfig,
  flagValues: ReadonlyMap<string, FlagValue>,
  input: Input,
): ConnectorConfig {
  if (config.rules.length > 0 && !input.flags.has('url')) return config;
  return singleOriginConfig(config, flagValues);
}

interface CredentialsQuestion {
  readonly flags: ReadonlyMap<string, FlagValue>;
  readonly config: ConnectorConfig;
  /** Name or UUID, '' when nothing says. */
  readonly name: string;
}

/** `--token`, then `--token-file`, then credentials (contents, file, the tunnel's file in the usual place). */
function credentialsOf(
  { flags: values, config, name }: CredentialsQuestion,
  context: CommandContext,
): CredentialsOrigin {
  const text = (flag: string): string => String(values.get(flag) ?? '');
  if (values.has('token')) return { kind: 'token', text: text('token') };
  if (text('token-file') !== '') return { kind: 'token-file', file: text('token-file') };
  if (text('credentials-contents') !== '') return { kind: 'json', text: text('credentials-contents') };
  const named = text('credentials-file') || config.credentialsFile;
  if (named !== '') return { kind: 'json-file', file: named };
  const found = usualPlaces(name, config, context).find((file) => existsSync(file));
  if (found !== undefined) return { kind: 'json-file', file: found };
  throw new SallyportError(
    'config-missing',
    name === ''
      ? 'Nothing says which tunnel to run; give --token, --token-file, --credentials-file or a config.yml (--config).'
      : `No credentials were found for the tunnel ${name}; name its file with --credentials-file, or give --token.`,
  );
}

function usualPlaces(name: string, config: ConnectorConfig, { homeFolder }: CommandContext): string[] {
  if (name === '' || isAbsolute(name) || name.includes('/')) return [];
  const folders = [join(homeFolder, '.cloudflared'), '/etc/cloudflared'];
  if (config.source !== '') folders.unshift(dirname(config.source));
  return folders.map((folder) => join(folder, `${name}.json`));
}
