// What the edge's own process has for a support bundle: machine, configuration, metrics, the last log lines; and every secret that
// it can find in its files, so that the bundle can be held against them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkMachine, machineFacts } from '#base/support/machine-facts.ts';
import { redacted } from '#base/support/secret-scrub.ts';
import type { SupportFacts } from '#control/edge-view.ts';
import type { EdgeInstance } from '../edge-instance.ts';

/** Files with secrets are small. */
const maxSecretFileBytes = 65_536;
/** Parts of a file that are compared one by one. */
const shortestPart = 8;

/** Gathers them. */
export async function supportFactsOf(
  instance: EdgeInstance,
  log: string,
  nowMs: number,
): Promise<SupportFacts> {
  const config = instance.config();
  return {
    machine: machineFacts(nowMs),
    checks: checkMachine(config.dataDir),
    config: redacted(config),
    metrics: await instance.metricsText(),
    log,
    secrets: [...new Set([...secretsIn(config), ...filesOf(config.dataDir).flatMap(partsOf)])],
  };
}

/** Values of settings that open something, and what stands in the files that settings name. */
export function secretsIn(value: unknown, name = ''): string[] {
  if (value !== null && typeof value === 'object')
    return Object.entries(value).flatMap(([key, each]) => secretsIn(each, Array.isArray(value) ? name : key));
  if (typeof value !== 'string') return [];
  if (/file$|^key$/i.test(name)) return partsOf(value);
  if (/secret|token|password|^store$|apikey|accesskey/i.test(name)) return urlParts(value);
  return [];
}

/** A database's URL, and the password in it. */
function urlParts(text: string): string[] {
  if (!URL.canParse(text)) return [text];
  const { password } = new URL(text);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}

/** Small files of a folder and those right below it, but no database. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/\.(db|sock|log)(-wal|-shm)?$|^cache\/|last-good|(^|\/)ca\.pem$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** The whole of a file, and each longer word of it. */
function partsOf(file: string): string[] {
  try {
    const { size, mode } = statSync(file);
    if (size === 0 || size > maxSecretFileBytes || (mode & 0o170000) !== 0o100000) return [];
    const text = readFileSync(file, 'utf8').trim();
    return [text, ...text.split(/[\s"',]+/)].filter(
      // Words of JSON and YAML are no secrets; what has a digit or is long may be.
      (part) => part.length >= shortestPart && (/\d/.test(part) || part.length > 20),
    );
  } catch {
    return [];
  }
}
