// `sallyport page-password set|list|delete`: passwords and PINs that open pages without a sign-in.
import { readFileSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import { textOf } from '../command.ts';
import { allItems, argument, type EdgeSession, edgeCommand, timeText } from './edge-command.ts';

const nameIt = 'Name the page password: sallyport page-password set door.';

export const pagePasswordSetCommand = edgeCommand({
  words: ['page-password', 'set'],
  usage: 'NAME [flags]',
  summary: 'set a password or PIN that opens pages without a sign-in',
  description: `Asks for the password, or reads it from a file, and sets it; policies name it
by "password:NAME". Whom the one before let in must give the new one. A PIN has
six digits or more: some hundred guesses a day are let through.`,
  flags: [{ name: 'password-file', type: 'string', value: 'FILE', help: 'file that holds the password' }],
  examples: [
    'sallyport page-password set door',
    'sallyport access set photos.example.com --access signed-in,password:door',
  ],
  maxArgs: 1,
  async run(session) {
    const name = argument(session, 0, nameIt);
    const password = await passwordOf(session, name);
    const set = await session.api.setPagePassword({ params: { password: name }, body: { password } });
    session.show(set, () => `Set the page password ${set.name} at ${session.edge}.\n`);
  },
});

async function passwordOf({ input, context }: EdgeSession, name: string): Promise<string> {
  const file = textOf(input, 'password-file');
  if (file !== '') {
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      throw new SallyportError(
        'file-unreadable',
        `The password file ${file} could not be read (${errorText(error)}).`,
        { cause: error },
      );
    }
  }
  const typed = await context.ask(`Page password for ${name}: `, true);
  if (typed !== undefined) return typed;
  throw new SallyportError('usage', 'There is nobody to type the password; give --password-file FILE.');
}

export const pagePasswordListCommand = edgeCommand({
  words: ['page-password', 'list'],
  usage: '[flags]',
  summary: 'list page passwords and the routes that name them',
  description: `Lists page passwords by name; the passwords themselves are kept as hashes.`,
  examples: ['sallyport page-password list'],
  maxArgs: 0,
  async run(session) {
    const passwords = await allItems((page) => session.api.listPagePasswords({ query: { ...page } }));
    session.table(
      passwords,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'ROUTES', value: ({ routes }) => routes.join(' ') || '-', givesWay: true },
        { title: 'MADE', value: ({ createdAtMs }) => timeText(createdAtMs) },
      ],
      'There are no page passwords; set one with "sallyport page-password set NAME".',
    );
  },
});

export const pagePasswordDeleteCommand = edgeCommand({
  words: ['page-password', 'delete'],
  usage: 'NAME [flags]',
  summary: 'remove a page password',
  description: `Removes it at once; whom it let in is out.`,
  examples: ['sallyport page-password delete door'],
  maxArgs: 1,
  async run(session) {
    const password = argument(session, 0, nameIt);
    await session.api.deletePagePassword({ params: { password } });
    session.show({ deleted: password }, () => `Removed the page password ${password} at ${session.edge}.\n`);
  },
});
