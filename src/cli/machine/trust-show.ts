// `sallyport trust show`: the roots of an edge's internal CA, with the fingerprints to compare.
import { SallyportError } from '#base/errors.ts';
import { type Command, type Flag, type Input, outputFlag, textOf, wantsJson } from '../command.ts';
import type { RootsOrigin } from '../runners.ts';

/** Where an edge keeps its CA unless its dataDir is another one. */
const usualFile = '/var/lib/sallyport/ca.pem';

/** Flags that say which CA is meant. */
export const originFlags: readonly Flag[] = [
  { name: 'ca', type: 'string', value: 'FILE', help: `the edge's ca.pem (default ${usualFile})` },
  { name: 'url', type: 'string', value: 'URL', help: "an edge's plain address, to read its CA from there" },
];

/** The CA that the flags name. */
export function originOf(input: Input): RootsOrigin {
  const [file, url] = [textOf(input, 'ca'), textOf(input, 'url')];
  if (file !== '' && url !== '') throw new SallyportError('usage', 'Give either --ca or --url, not both.');
  return url === '' ? { kind: 'file', file: file === '' ? usualFile : file } : { kind: 'url', url };
}

export const trustShowCommand: Command = {
  words: ['trust', 'show'],
  usage: '[--ca FILE | --url URL]',
  summary: "the roots of an edge's internal CA",
  description: `Prints each root with its SHA-256 fingerprint. On the edge itself this is what to
compare before another machine trusts it.`,
  flags: [...originFlags, outputFlag],
  examples: ['sallyport trust show', 'sallyport trust show --url http://edge.example.com -o json'],
  maxArgs: 0,
  async run(input, { out, runners }) {
    const roots = await runners.rootsFrom(originOf(input));
    if (wantsJson(input)) {
      out(`${JSON.stringify(roots)}\n`);
      return 0;
    }
    for (const { commonName, fingerprint, notAfterMs } of roots) {
      out(`${commonName}\n  SHA-256  ${fingerprint}\n  until    ${new Date(notAfterMs).toISOString()}\n`);
    }
    return 0;
  },
};
