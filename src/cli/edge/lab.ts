// `sallyport export|diff|apply` (the whole lab as one file) and `backup`.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LabPlan } from '#model/lab.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import { type Flag, type Input, textOf } from '../command.ts';
import { paint } from '../paint.ts';
import { argument, confirm, edgeCommand, yesFlag } from './edge-command.ts';
import { readText } from './tunnels.ts';

const fileFlag: Flag = {
  name: 'file',
  short: 'f',
  type: 'string',
  value: 'FILE',
  help: 'the lab file; - is standard input',
};
const pruneFlag: Flag = { name: 'prune', type: 'boolean', help: 'also remove what the file does not have' };

function labText(input: Input): string {
  const file = textOf(input, 'file');
  if (file !== '') return readText(file);
  throw new SallyportError('usage', 'Name the lab file with -f lab.yml; "sallyport export" writes one.');
}

export const exportCommand = edgeCommand({
  words: ['export'],
  usage: '[flags]',
  summary: 'the whole lab as one file',
  description: `Prints tunnels, rules, routes, users and settings as YAML, sorted, without
secrets: for git, for another edge, for "apply".`,
  flags: [{ name: 'file', short: 'f', type: 'string', value: 'FILE', help: 'write it there instead' }],
  examples: ['sallyport export > lab.yml'],
  maxArgs: 0,
  async run(session) {
    const { text } = await session.api.exportLab();
    const file = textOf(session.input, 'file');
    if (file === '') return session.show({ text }, () => text);
    replaceFile(file, text, 0o644);
    session.show({ file }, () => `Wrote the lab of ${session.edge} to ${file}.\n`);
  },
});

export const diffCommand = edgeCommand({
  words: ['diff'],
  usage: '-f lab.yml [flags]',
  summary: 'what applying a lab file would change',
  description: `Compares a lab file with the edge and prints the steps that "apply" would take.`,
  flags: [fileFlag, pruneFlag],
  examples: ['sallyport diff -f lab.yml', 'sallyport diff -f lab.yml --prune'],
  exitCodes: { 0: 'no difference', 3: 'there are differences' },
  maxArgs: 0,
  async run(session) {
    const prune = session.input.flags.get('prune') === true;
    const plan = await session.api.planLab({ body: { text: labText(session.input), prune } });
    session.show(plan, () => planText(plan, session.context.hasColours));
    return plan.steps.length === 0 ? 0 : 3;
  },
});

export const applyCommand = edgeCommand({
  words: ['apply'],
  usage: '-f lab.yml [flags]',
  summary: 'bring a lab file about',
  description: `Shows what would change, asks, and makes all of it or nothing. Tokens of new
tunnels are printed once. What the file does not have stays, unless --prune.`,
  flags: [fileFlag, pruneFlag, yesFlag],
  examples: ['sallyport apply -f lab.yml', 'sallyport apply -f lab.yml --prune --yes'],
  maxArgs: 0,
  async run(session) {
    const prune = session.input.flags.get('prune') === true;
    const text = labText(session.input);
    const plan = await session.api.planLab({ body: { text, prune } });
    if (!session.isJson) session.print(planText(plan, session.context.hasColours));
    if (plan.steps.length === 0) return session.isJson ? session.show(plan, () => '') : undefined;
    await confirm(session, `Make these changes at ${session.edge}?`);
    const done = await session.api.applyLab({ body: { text, prune, revision: plan.revision } });
    session.show(done, () => doneText(done, session.edge));
  },
});

const signs = { create: '+', change: '~', delete: '-', keep: ' ' } as const;

function planText({ steps, unlisted }: LabPlan, hasColours: boolean): string {
  const { bold, dim } = paint(hasColours);
  const lines = steps.flatMap(({ action, noun, name, changes }) => [
    `${signs[action]} ${noun} ${bold(name)}`,
    ...changes.flatMap(({ key, from, to }) => [
      ...(from === null ? [] : block(`    - ${key}: `, from)),
      ...(to === null ? [] : block(`    + ${key}: `, to)),
    ]),
  ]);
  if (lines.length === 0) lines.push('The edge is as the file says.');
  if (unlisted.length > 0) {
    lines.push(
      '',
      dim(`Not in the file, and kept: ${unlisted.map(({ noun, name }) => `${noun} ${name}`).join(', ')}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A value; one of several lines stands below its key, indented. */
function block(head: string, text: string): string[] {
  const lines = text.trimEnd().split('\n');
  return lines.length === 1 ? [`${head}${lines[0]}`] : [head, ...lines.map((line) => `        ${line}`)];
}

function doneText({ steps, tokens }: LabPlan, edge: string): string {
  const shown = tokens.map(
    ({ tunnel, token }) => `\nToken of ${tunnel}, which is not shown again:\n${token}\n`,
  );
  return `Made ${steps.length} ${steps.length === 1 ? 'change' : 'changes'} at ${edge}.\n${shown.join('')}`;
}

export const backupCommand = edgeCommand({
  words: ['backup'],
  usage: 'FILE [flags]',
  summary: 'everything the store holds, in one file',
  description: `Writes a backup of the running edge's store: tunnels, routes, users, audit. It
holds what signs people in: keep it as safe as the edge. "sallyport restore"
reads it. Files that edge.yml names (certificates, seal.key) are not in it.`,
  examples: ['sallyport backup sallyport.backup'],
  maxArgs: 1,
  async run(session) {
    const file = argument(session, 0, 'Name the file to write: sallyport backup sallyport.backup.');
    const response = await session.api.downloadBackup();
    try {
      await pipeline(
        Readable.fromWeb(response.body as never),
        createWriteStream(file, { mode: 0o600, flags: 'wx' }),
      );
    } catch (error) {
      throw new SallyportError(
        'file-unwritable',
        `The backup could not be written to ${file} (${errorText(error)}).`,
        {
          cause: error,
        },
      );
    }
    session.show({ file }, () => `Wrote a backup of ${session.edge} to ${file}.\n`);
  },
});
