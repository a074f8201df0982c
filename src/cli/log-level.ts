// `--loglevel`, as every command that logs has it.
import { SallyportError } from '#base/errors.ts';
import type { LogLevel } from '#base/log.ts';
import { type Flag, type Input, textOf } from './command.ts';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal'];

export const logLevelFlag: Flag = {
  name: 'loglevel',
  type: 'string',
  value: 'LEVEL',
  env: 'TUNNEL_LOGLEVEL',
  help: 'debug, info, warn, error or fatal',
};

/** The level asked for. @throws SallyportError 'usage' */
export function logLevelOf(input: Pick<Input, 'flags'>, fallback: LogLevel): LogLevel {
  const text = textOf({ args: [], flags: input.flags }, 'loglevel') || fallback;
  const level = levels.find((known) => known === text);
  if (level) return level;
  throw new SallyportError('usage', `--loglevel is one of ${levels.join(', ')}, not "${text}".`);
}
