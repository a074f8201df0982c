// Reads a Caddyfile into statements with their lines: words, and blocks of further statements. Its words are split as Caddy
// splits them: spaces, double quotes, backquotes, backslashes at the end of a line; `#` begins a comment between words. A block
// opens with a brace of its own. Snippets, `(name) { }`, are put where they are imported.
import { SallyportError } from '#base/errors.ts';

export interface CaddyStatement {
  readonly line: number;
  readonly words: readonly string[];
  /** Undefined: no block. */
  readonly block: readonly CaddyStatement[] | undefined;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly isQuoted: boolean;
  /** It is the first of its line. */
  readonly isFirst: boolean;
}

/** Deeper blocks are a mistake or an attack. */
const maxDepth = 20;
/** Statements after all imports. */
const maxStatements = 20_000;

/** @throws SallyportError 'config-invalid' with the line */
export function parseCaddyfile(text: string, source: string): CaddyStatement[] {
  const fail = (line: number, what: string): never => {
    throw new SallyportError('config-invalid', `${source}, line ${line}: ${what}.`);
  };
  const tokens = tokensOf(text, fail);
  let at = 0;
  const readBlock = (depth: number, openedAt: number): CaddyStatement[] => {
    if (depth > maxDepth) fail(openedAt, `blocks stand in each other more than ${maxDepth} deep`);
    const statements: CaddyStatement[] = [];
    while (at < tokens.length) {
      const first = tokens[at]!;
      if (isBrace(first, '}')) {
        if (depth === 0) fail(first.line, 'a "}" closes nothing');
        at++;
        return statements;
      }
      statements.push(readStatement(depth, first));
    }
    if (depth > 0) fail(openedAt, 'the block that opens here is not closed');
    return statements;
  };
  const readStatement = (depth: number, first: Token): CaddyStatement => {
    const words: string[] = [];
    for (; at < tokens.length; at++) {
      const token = tokens[at]!;
      // An address that ends in a comma goes on in the next line.
      if (token.isFirst && token !== first && !words.at(-1)?.endsWith(',')) break;
      if (isBrace(token, '{')) {
        at++;
        return { line: first.line, words, block: readBlock(depth + 1, token.line) };
      }
      if (isBrace(token, '}')) break;
      words.push(token.text);
    }
    return { line: first.line, words, block: undefined };
  };
  return withImports(readBlock(0, 1), fail);
}

function isBrace({ text, isQuoted }: Token, brace: '{' | '}'): boolean {
  return !isQuoted && text === brace;
}

function tokensOf(text: string, fail: (line: number, what: string) => never): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let isFirst = true;
  for (let at = 0; at < text.length;) {
    const char = text[at]!;
    if (char === '\n') {
      line++;
      isFirst = true;
      at++;
    } else if (char === '\\' && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      at = text.indexOf('\n', at) + 1;
      line++;
    } else if (/\s/.test(char)) at++;
    else if (char === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (char === '"' || char === '`') {
      const start = line;
      let word = '';
      for (at++; text[at] !== char; at++) {
        if (at >= text.length) fail(start, `a ${char} is not closed`);
        if (char === '"' && text[at] === '\\' && text[at + 1] === '"') at++;
        if (text[at] === '\n') line++;
        word += text[at];
      }
      at++;
      tokens.push({ text: word, line: start, isQuoted: true, isFirst });
      isFirst = false;
    } else {
      if (text.startsWith('<<', at)) fail(line, 'heredocs are not read here; write the text in quotes');
      const end = /\s|$/.exec(text.slice(at))!.index + at;
      tokens.push({ text: text.slice(at, end), line, isQuoted: false, isFirst });
      isFirst = false;
      at = end;
    }
  }
  return tokens;
}

/** Puts snippets where they are imported; other imports stay, for the importer to report. */
function withImports(
  statements: readonly CaddyStatement[],
  fail: (line: number, what: string) => never,
): CaddyStatement[] {
  const snippets = new Map<string, readonly CaddyStatement[]>();
  for (const { words, block } of statements) {
    const name = /^\((.+)\)$/.exec(words[0] ?? '')?.[1];
    if (name !== undefined && block) snippets.set(name, block);
  }
  let count = 0;
  const expand = (list: readonly CaddyStatement[], depth: number): CaddyStatement[] =>
    list.flatMap((statement): CaddyStatement[] => {
      if (++count > maxStatements) fail(statement.line, `the file has more than ${maxStatements} statements`);
      const [first, name = '', ...args] = statement.words;
      const snippet = first === 'import' ? snippets.get(name) : undefined;
      if (snippet) {
        if (depth > maxDepth) fail(statement.line, `the snippet ${name} imports itself`);
        return expand(snippet, depth + 1).map((each) => ({
          ...withArguments(each, args),
          line: statement.line,
        }));
      }
      return [{ ...statement, block: statement.block && expand(statement.block, depth) }];
    });
  return expand(
    statements.filter(({ words }) => !/^\(.+\)$/.test(words[0] ?? '')),
    0,
  );
}

function withArguments(statement: CaddyStatement, args: readonly string[]): CaddyStatement {
  const fill = (word: string): string =>
    word.replace(
      /\{args\[(\d+)\]\}|\{args\.(\d+)\}/g,
      (whole, a?: string, b?: string) => args[Number(a ?? b)] ?? whole,
    );
  return {
    line: statement.line,
    words: statement.words.map(fill),
    block: statement.block?.map((each) => withArguments(each, args)),
  };
}
