// The support bundle of a connector on this machine: what its local server tells, its configuration and its log, held against
// every secret of its files and of the environment.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { errorText } from '#base/errors.ts';
import { checkMachine, machineFacts } from '#base/support/machine-facts.ts';
import { redacted } from '#base/support/secret-scrub.ts';
import {
  supportArchive,
  supportEntries,
  type SupportText,
  supportTexts,
} from '#base/support/support-bundle.ts';
import { createWebClient } from '#base/net/web-client.ts';
import type { ConnectorBundle, ConnectorBundleRequest } from '#cli/runners.ts';
import { secretsIn } from './support-facts.ts';

/** The connector answers from memory. */
const askWithinMs = 5_000;
/** Variables whose value is a secret, or names a file with one. */
const secretVariables = ['TUNNEL_TOKEN', 'TUNNEL_CRED_CONTENTS'] as const;
const secretFileVariables = ['TUNNEL_TOKEN_FILE', 'TUNNEL_CRED_FILE'] as const;

/** Gathers it; what cannot be had is in it as the reason why. */
export async function connectorBundle(request: ConnectorBundleRequest): Promise<ConnectorBundle> {
  const { configFile, logFile } = request;
  const address = request.address.replace(/^:/, '127.0.0.1:');
  const nowMs = Date.now();
  const web = createWebClient({ userAgent: 'sallyport', timeoutMs: askWithinMs });
  const ask = async (path: string): Promise<string> => {
    try {
      const url = `http://${address}${path}`;
      return (await web({ url, method: 'GET' }, AbortSignal.timeout(askWithinMs))).body.toString('utf8');
    } catch (error) {
      return `The connector at ${address} did not answer: ${errorText(error)}\n`;
    }
  };
  const config = configFile === '' ? '' : readText(configFile);
  const parsed = parsedYaml(config);
  const texts: SupportText[] = [
    {
      ...{ name: 'machine.json', about: 'versions, system, memory, names of environment variables' },
      text: `${JSON.stringify(machineFacts(nowMs), undefined, 2)}\n`,
    },
    {
      ...{ name: 'doctor.json', about: 'checks of the machine, with cures' },
      text: `${JSON.stringify(checkMachine(''), undefined, 2)}\n`,
    },
    { name: 'health.json', about: 'how the connector is', text: await ask('/ready') },
    { name: 'rules.json', about: 'rules in force', text: await ask('/config') },
    {
      ...{ name: 'config.json', about: 'config.yml without secrets' },
      text: `${JSON.stringify(redacted(parsed), undefined, 2)}\n`,
    },
    { name: 'metrics.txt', about: 'metrics as Prometheus reads them', text: await ask('/metrics') },
    {
      ...{ name: 'log.txt', about: 'the end of its log file' },
      text: logFile === '' ? 'No log file was named with --logfile.\n' : readText(logFile),
    },
  ];
  web.close();
  const kept = supportTexts(texts, secretsOf(parsed));
  return { entries: supportEntries(kept), archive: () => supportArchive(kept, nowMs) };
}

function secretsOf(config: unknown): string[] {
  const { env } = process;
  const named = Object.fromEntries(secretFileVariables.map((name) => [`${name}_file`, env[name] ?? '']));
  // cloudflared's name for the credentials does not end as ours do.
  const credentials = (config as { 'credentials-file'?: unknown } | null)?.['credentials-file'];
  return [
    ...secretVariables.flatMap((name) => (env[name] === undefined ? [] : [env[name]])),
    ...secretsIn(named),
    ...secretsIn({ credentialsFile: credentials }),
    ...secretsIn(config),
  ];
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return `(not readable: ${errorText(error)})\n`;
  }
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return `not readable: ${errorText(error)}`;
  }
}
