// `--workers` of `edge run` and `edge init`.
import { SallyportError } from '#base/errors.ts';
import { mostWorkers, parseWorkers, type WorkersSetting } from '#model/workers-setting.ts';
import { type Input, textOf } from '../command.ts';

/** What was typed, undefined without the flag. @throws SallyportError 'usage' for what is neither a number nor auto */
export function workersOf(input: Input): WorkersSetting | undefined {
  if (!input.flags.has('workers')) return undefined;
  const text = textOf(input, 'workers');
  const workers = parseWorkers(text);
  if (workers !== undefined) return workers;
  throw new SallyportError(
    'usage',
    `--workers is a number of processes from 1 to ${mostWorkers}, or auto for one on each core; not "${text}".`,
  );
}
