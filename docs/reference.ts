// The text of every generated reference page, from the catalogues and schemas in the code.
import { z } from 'zod';
import { errorCodes } from '#base/errors.ts';
import { accessPresets, presetNames } from '#model/presets/access-preset.ts';
import { edgeConfigSchema } from '#config/edge-config-schema.ts';
import { failureCodes } from '#http/exchange.ts';
import { disconnectReasons } from '#tunnel/connection.ts';
import { resetCodes } from '#tunnel/stream.ts';
import { openApiDocument } from './openapi.ts';

/** File (beside this one) and text of each page. */
export function generatedDocs(): ReadonlyMap<string, string> {
  const schema = z.toJSONSchema(edgeConfigSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
  return new Map([
    ['errors.md', errorsPage()],
    ['edge-config.md', configPage(schema)],
    ['access-presets.md', presetsPage()],
    ['edge-config.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['../src/api/openapi.json', `${JSON.stringify(openApiDocument(), null, 1)}\n`],
  ]);
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  /** A short form and an object, say. */
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
}

function errorsPage(): string {
  const table = (head: string, rows: readonly string[]): string =>
    `| ${head} |\n|${'---|'.repeat(head.split('|').length)}\n${rows.join('\n')}\n`;
  return `# Errors

Written by \`npm run docs\`; do not edit.

## What a visitor sees

The value stands in the \`X-Sallyport-Error\` header, the page, the access log and the metrics.

${table(
  'code | status | meaning',
  Object.entries(failureCodes).map(([code, [status, text]]) => `| \`${code}\` | ${status} | ${text} |`),
)}
## What an operator sees

${table(
  'code | meaning',
  Object.entries(errorCodes).map(([code, text]) => `| \`${code}\` | ${text} |`),
)}
## Why a tunnel connection ended

${disconnectReasons.map((reason) => `- \`${reason}\``).join('\n')}

## Why a stream was reset

${table(
  'reason | number',
  Object.entries(resetCodes).map(([reason, number]) => `| \`${reason}\` | ${number} |`),
)}`;
}

function configPage(schema: Schema): string {
  const rows = keyRows(schema, '').map(
    ({ name, text, fallback }) =>
      `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${text} |`,
  );
  return `# edge.yml

Written by \`npm run docs\`; do not edit. Durations are written as "30s" or "1m30s", sizes as "16KiB". An unknown key is
an error. A start is in \`examples/edge.yml\`; editors can use \`docs/edge-config.schema.json\`.

| key | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

function presetsPage(): string {
  const sections = presetNames.map((name) => {
    const { title, source, caution, opens } = accessPresets[name];
    const rows = opens.map(({ paths, methods, why }) => {
      const where = paths.map((path) => `\`${path}\``).join(' ');
      return `| ${where} | ${methods?.join(' ') ?? 'all'} | ${why} |`;
    });
    return `## ${name}

${title}. ${caution} Source: <${source}>

| path | method | what |
|---|---|---|
${rows.join('\n')}
`;
  });
  return `# Presets of access

Written by \`npm run docs\`; do not edit. Applications of these products cannot sign in at the edge. Where a policy names a
preset (\`access: { rules: [group:family], preset: jellyfin }\`), the requests below pass after all its rules, and nothing else:
whoever a rule turns away stays out, and pages are behind the sign-in. Paths end at segment borders, \`*\` is anything within
a segment, \`=\` is exactly it.

${sections.join('\n')}`;
}

interface KeyRow {
  readonly name: string;
  readonly text: string;
  readonly fallback: string | undefined;
}

function keyRows(schema: Schema, prefix: string): KeyRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const forms = value.items?.anyOf ?? (value.items ? [value.items] : []);
    const member = forms.find(({ properties }) => properties !== undefined);
    const object = value.anyOf?.find(({ properties }) => properties !== undefined);
    const name = `${prefix}${key}${member ? '[]' : ''}`;
    const inner = keyRows(member ?? object ?? value, `${name}.`);
    const isPlain = inner.length === 0 && value.default !== undefined;
    const fallback = isPlain ? JSON.stringify(value.default) : undefined;
    return [{ name, text: value.description ?? '', fallback }, ...inner];
  });
}
