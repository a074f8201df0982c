// `sallyport demo`: everything on this machine, and where to look.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SallyportError } from '#base/errors.ts';
import {
  type Command,
  type CommandContext,
  type Input,
  listOf,
  numberOf,
  outputFlag,
  textOf,
  wantsJson,
} from './command.ts';
import { logLevelFlag, logLevelOf } from './log-level.ts';
import { paint } from './paint.ts';
import { requestLine } from './request-line.ts';
import type { DemoFacts, DemoRequest } from './runners.ts';

export const demoCommand: Command = {
  words: ['demo'],
  usage: '[flags]',
  summary: 'edge, connector and a sample site on this machine',
  description: `Starts an edge, a connector and a small blog in one process, with certificates
of their own, all on loopback addresses. Nothing else is needed, nothing is
installed, and Ctrl-C stops it.`,
  flags: [
    {
      name: 'https-port',
      type: 'integer',
      value: 'N',
      help: 'port for https (default 8443, or any free one; 0: any)',
    },
    {
      name: 'http-port',
      type: 'integer',
      value: 'N',
      help: 'port for http (default 8080, or any free one; 0: any)',
    },
    { name: 'data', type: 'string', value: 'DIR', help: 'folder for the CA and the access log' },
    {
      name: 'hostname',
      type: 'strings',
      value: 'HOST',
      help: 'also serve this hostname; needs a --service (repeatable)',
    },
    { name: 'service', type: 'strings', value: 'URL', help: 'the service behind the --hostname before it' },
    {
      name: 'serve-http',
      type: 'boolean',
      help: 'answer on the http port too, instead of redirecting to https',
    },
    logLevelFlag,
    outputFlag,
  ],
  examples: [
    'sallyport demo',
    'sallyport demo --hostname app.localhost --service http://localhost:3000',
    'sallyport demo --output json --https-port 0 --http-port 0',
  ],
  maxArgs: 0,
  run: runDemo,
};

async function runDemo(input: Input, context: CommandContext): Promise<number> {
  const isJson = wantsJson(input);
  const request: DemoRequest = {
    httpsPort: portOf(input, 'https-port'),
    httpPort: portOf(input, 'http-port'),
    dataDir: textOf(input, 'data') || defaultFolder(context.env),
    services: servicesOf(input),
    servesHttp: input.flags.get('serve-http') === true,
    logLevel: logLevelOf(input, isJson ? 'info' : 'warn'),
    onAccess: isJson ? () => {} : (lines) => showRequests(lines, context),
  };
  await context.runners.demo(
    request,
    (facts) =>
      context.out(isJson ? `${JSON.stringify(facts)}\n` : describeDemo(facts, request, context.hasColours)),
    () => {
      if (!isJson) context.out('\nStopping. Press Ctrl-C again to stop at once.\n');
    },
  );
  return 0;
}

/** XDG data folder of this user, or one in the system's temporary folder. */
function defaultFolder(env: CommandContext['env']): string {
  const base = env.XDG_DATA_HOME || (env.HOME ? join(env.HOME, '.local', 'share') : '');
  return base === '' ? join(tmpdir(), 'sallyport-demo') : join(base, 'sallyport', 'demo');
}

function portOf(input: Input, name: string): number | undefined {
  const port = numberOf(input, name);
  if (port === undefined || (port >= 0 && port <= 65_535)) return port;
  throw new SallyportError('usage', `--${name} is a port from 0 to 65535, not ${port}.`);
}

function servicesOf(input: Input): DemoRequest['services'] {
  const hostnames = listOf(input, 'hostname');
  const services = listOf(input, 'service');
  if (hostnames.length !== services.length) {
    throw new SallyportError(
      'usage',
      'Each --hostname needs one --service, and the other way round: --hostname app.localhost --service http://localhost:3000.',
    );
  }
  return hostnames.map((hostname, i) => ({ hostname, service: services[i]! }));
}

/** What a person reads when everything is up; at most 80 columns unless a path is longer. */
function describeDemo(facts: DemoFacts, request: DemoRequest, hasColours: boolean): string {
  const { bold, dim, accent } = paint(hasColours);
  const urls = Object.values(facts.hostnames);
  const lines = [
    '',
    `  ${bold('Sallyport')} is up: edge, tunnel, connector and a sample blog.`,
    '',
    ...urls.map((url) => `    ${accent(url)}`),
    '',
    `  ${bold('In a browser')}  open it; the certificate is signed by the demo's own CA, so the`,
    '                browser will ask once whether to go on.',
    `  ${bold('Dashboard')}     ${accent(facts.dashboard.signInLink ?? facts.dashboard.url)}`,
    ...(facts.dashboard.signInLink === null
      ? []
      : ['                (this link signs you in once, as the owner)']),
    `  ${bold('In a shell')}    curl --cacert ${facts.caFile} \\`,
    `                  ${urls[0]}`,
    '',
    `  ${dim('Data')}          ${request.dataDir}`,
    `  ${dim('Metrics')}       ${facts.metrics.edge}  (edge)`,
    `                ${facts.metrics.connector}  (connector)`,
    `  ${dim('Commands')}      sallyport status --socket ${facts.adminSocket}`,
    `  ${dim('Your own app')}  sallyport demo --hostname app.localhost \\`,
    '                  --service http://localhost:3000',
    '',
    '  Requests appear below. Ctrl-C stops everything.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function showRequests(lines: string, { out, hasColours }: CommandContext): void {
  for (const line of lines.split('\n')) if (line !== '') out(`${requestLine(line, hasColours)}\n`);
}
