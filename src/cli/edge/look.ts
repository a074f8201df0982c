// `sallyport look show|set`: how the pages look that visitors see: the owner's name, colour and logo.
import { readFileSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import { logoFault, logoOf } from '#base/pages/logo.ts';
import type { Settings } from '#model/setting.ts';
import { type Input, textOf } from '../command.ts';
import { edgeCommand, type EdgeSession } from './edge-command.ts';

export const lookShowCommand = edgeCommand({
  words: ['look', 'show'],
  usage: '[flags]',
  summary: 'how the pages look that visitors see',
  description: `Prints the name, the colour and the kind of logo of sign-in pages, page
passwords and share links.`,
  examples: ['sallyport look show'],
  maxArgs: 0,
  async run(session) {
    show(session, await session.api.getSettings());
  },
});

export const lookSetCommand = edgeCommand({
  words: ['look', 'set'],
  usage: '[flags]',
  summary: 'give sign-in pages your name, colour and logo',
  description: `Changes how the pages look that visitors see, at once. What is written in the
colour or on it stays readable, light and dark. A logo is a PNG, JPEG or WebP
picture of at most 48 KiB and 1024 points on each side.`,
  flags: [
    { name: 'name', type: 'string', value: 'NAME', help: 'what you call it' },
    { name: 'colour', type: 'string', value: 'COLOUR', help: "such as '#7a1fa2'; none for the edge's own" },
    { name: 'logo', type: 'string', value: 'FILE', help: 'a picture; none for none' },
  ],
  examples: [
    `sallyport look set --name "Ada's house" --colour '#7a1fa2' --logo house.png`,
    'sallyport look set --logo none',
  ],
  maxArgs: 0,
  async run(session) {
    const body = changeOf(session.input);
    if (Object.keys(body).length === 0)
      throw new SallyportError('usage', 'Say what to change: --name, --colour or --logo.');
    show(session, await session.api.updateSettings({ body }));
  },
});

function changeOf(input: Input): Partial<Settings> {
  const [name, colour, logo] = ['name', 'colour', 'logo'].map((flag) => textOf(input, flag));
  return {
    ...(name === '' ? {} : { title: name! }),
    ...(colour === '' ? {} : { colour: colour === 'none' ? '' : colour! }),
    ...(logo === '' ? {} : { logo: logo === 'none' ? '' : readLogo(logo!) }),
  };
}

function readLogo(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new SallyportError('file-unreadable', `The logo ${file} could not be read (${errorText(error)}).`, {
      cause: error,
    });
  }
  const logo = logoOf(bytes);
  const fault = logo === undefined ? 'is no PNG, JPEG or WebP picture' : logoFault(logo);
  if (logo !== undefined && fault === '') return logo;
  throw new SallyportError('usage', `The logo ${file} ${fault}.`);
}

function show(session: EdgeSession, { title, colour, logo }: Settings): void {
  const [, kind] = /^data:image\/(\w+);/.exec(logo) ?? [];
  session.show({ title, colour, logo }, () =>
    [
      `Name    ${title}`,
      `Colour  ${colour === '' ? "the edge's own" : colour}`,
      `Logo    ${kind === undefined ? 'none' : `${kind}, ${Math.floor((logo.length * 3) / 4 / 1024)} KiB`}`,
      '',
    ].join('\n'),
  );
}
