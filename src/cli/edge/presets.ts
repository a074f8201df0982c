// `sallyport access presets`, and what commands say of the presets in a policy: what they open, and what to know before.
import { closestName } from '#base/text/closest-name.ts';
import { SallyportError } from '#base/errors.ts';
import {
  type AccessPolicy,
  accessPolicySchema,
  presetLines,
  presetsOf,
} from '#model/access/access-policy.ts';
import { accessPresets, presetNamed, presetNames } from '#model/presets/access-preset.ts';
import { type Command, outputFlag, wantsJson } from '../command.ts';
import { formatTable } from '../table.ts';

export const accessPresetsCommand: Command = {
  words: ['access', 'presets'],
  usage: '[NAME] [flags]',
  summary: 'products whose own applications a policy can let through',
  description: `Lists the presets that a policy can name (--access private,preset:jellyfin), or
shows what one opens: which requests pass without a sign-in, because the
product asks for a token or password of its own, and what to know before.`,
  flags: [outputFlag],
  examples: ['sallyport access presets', 'sallyport access presets jellyfin'],
  maxArgs: 1,
  run(input, { out, columns }) {
    const [wanted] = input.args;
    if (wanted === undefined) {
      const all = presetNames.map((name) => ({ name, ...accessPresets[name] }));
      const table = [
        { title: 'PRESET', value: ({ name }: (typeof all)[number]) => name },
        { title: 'FOR', value: ({ title }: (typeof all)[number]) => title, givesWay: true },
      ];
      out(wantsJson(input) ? `${JSON.stringify(all)}\n` : formatTable(table, all, columns));
      return 0;
    }
    const preset = presetNamed(wanted);
    if (!preset) {
      const guess = closestName(wanted, presetNames);
      throw new SallyportError(
        'usage',
        `There is no preset "${wanted}"${guess ? `; did you mean "${guess}"?` : '; "sallyport access presets" lists them.'}`,
      );
    }
    const text = `${preset.title}\n${presetText(accessPolicySchema.parse({ preset: wanted }))}\nSource: ${preset.source}\n`;
    out(wantsJson(input) ? `${JSON.stringify({ name: wanted, ...preset })}\n` : text);
    return 0;
  },
};

/** Lines of what passes, under a title; '' for none. */
export function opensText(lines: readonly string[]): string {
  return lines.length === 0
    ? ''
    : `\nWithout a sign-in pass:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What an owner has opened with a preset, and what he should know of it. */
export function presetText(policy: AccessPolicy): string {
  const cautions = presetsOf(policy).map((name) => `${name}: ${accessPresets[name].caution}\n`);
  return cautions.length === 0
    ? ''
    : `${opensText(presetLines(policy))}\nKnow that\n  ${cautions.join('  ')}`;
}
