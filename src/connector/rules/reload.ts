// Keeps a connector's rules in step with its configuration file: read again when it changes, checked first, put in
// force as a whole, or not at all and the last good ones go on. Streams that are open are not touched.
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import type { Log } from '#base/log.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { RulesDifference } from './rule-table.ts';

/** The part of a connector that this needs. */
export interface Reloadable {
  /** In force now. */
  readonly rules: readonly IngressRule[];
  reload(rules: readonly IngressRule[]): RulesDifference | undefined;
  setConfigError(detail: string): void;
}

export interface ReloadOptions {
  readonly file: string;
  readonly connector: Reloadable;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the file and returns its rules; throws one sentence that says what is wrong and where. */
  readonly readRules: (file: string) => readonly IngressRule[];
}

export interface RulesReloader {
  /** Reads the file now, as on SIGHUP. */
  readonly reload: () => void;
  close(): void;
}

/** Events of the file system make it quicker. */
const lookEveryMs = 2_000;

/** Watches the file, and the CA files that its rules name, until closed. */
export function reloadOnChange(options: ReloadOptions): RulesReloader {
  let isBroken = false;
  const reload = (): void => {
    const wasBroken = isBroken;
    isBroken = !reloadOnce(options);
    // What is put right is often what was in force all the time: no change of rules tells of it then.
    if (wasBroken && !isBroken) options.log.info('The configuration is good again', { config: options.file });
  };
  const watch = (files: () => readonly string[]): FileWatch =>
    watchFiles({
      files,
      clock: options.clock,
      everyMs: lookEveryMs,
      waitsForMissing: true,
      onChange: reload,
    });
  // Watched apart: a CA file that is away must not keep the configuration from being read.
  const watches = [watch(() => [options.file]), watch(() => caPoolsOf(options.connector.rules))];
  return {
    reload,
    close() {
      for (const each of watches) each.close();
    },
  };
}

function caPoolsOf(rules: readonly IngressRule[]): string[] {
  const pools = new Set(rules.map(({ originRequest }) => originRequest.caPool));
  pools.delete('');
  return [...pools];
}

/** Whether it could be used. */
function reloadOnce(options: ReloadOptions): boolean {
  const { file, connector, log } = options;
  try {
    const rules = options.readRules(file);
    if (rules.length === 0) {
      throw new SallyportError('config-invalid', "The config file doesn't contain any ingress rules");
    }
    connector.reload(rules);
    connector.setConfigError('');
    return true;
  } catch (error) {
    connector.setConfigError(errorText(error));
    log.error('The changed configuration cannot be used; the last good one stays in force', {
      config: file,
      error: errorText(error),
    });
    return false;
  }
}
