// What a form shows of a schema: zod's own JSON Schema, read into the few kinds of settings that a form has fields for.
// edge.yml, the API and the dashboard share the schema, so that a setting that is added there is here at once.
import { z } from 'zod';

/** One setting. `default` is what holds when nothing is written. */
export type Setting = {
  readonly description: string | undefined;
  readonly default: unknown;
} & (
  | { readonly kind: 'text' }
  | { readonly kind: 'number'; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly kind: 'switch' }
  | { readonly kind: 'choice'; readonly options: readonly Literal[] }
  /** Words, one after the other; some may be numbers. */
  | { readonly kind: 'words'; readonly options: readonly Literal[]; readonly hasNumbers: boolean }
  | { readonly kind: 'list'; readonly item: Setting }
  /** Values by names that the owner gives. */
  | { readonly kind: 'map'; readonly value: Setting }
  | { readonly kind: 'group'; readonly fields: readonly Field[] }
  /** One of several forms that have nothing in common. */
  | { readonly kind: 'either'; readonly forms: readonly Setting[] }
  /** One word, that stands for itself. */
  | { readonly kind: 'literal'; readonly value: Literal }
  /** What no field can show; it is written as JSON. */
  | { readonly kind: 'json' }
);

export type Literal = string | number | boolean;

/** A setting of a group, by name. */
export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  readonly setting: Setting;
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: Literal;
  readonly enum?: readonly Literal[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The settings of a schema, as a person writes them. */
export function settingOf(schema: z.ZodType): Setting {
  return read(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
}

function read(schema: JsonSchema): Setting {
  const common = { description: schema.description, default: schema.default };
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return { ...common, ...readAlternatives(alternatives) };
  if (schema.const !== undefined) return { ...common, kind: 'literal', value: schema.const };
  if (schema.enum !== undefined) return { ...common, kind: 'choice', options: schema.enum };
  switch (schema.type) {
    case 'string':
      return { ...common, kind: 'text' };
    case 'integer':
    case 'number':
      return { ...common, kind: 'number', min: schema.minimum, max: schema.maximum };
    case 'boolean':
      return { ...common, kind: 'switch' };
    case 'array':
      return { ...common, ...readArray(schema.items ?? {}) };
    case 'object':
      return { ...common, ...readObject(schema) };
    default:
      return { ...common, kind: 'json' };
  }
}

type Shape<Kind extends Setting['kind']> = Omit<Extract<Setting, { kind: Kind }>, 'description' | 'default'>;

function readAlternatives(alternatives: readonly JsonSchema[]): Shape<'choice'> | Shape<'either'> {
  const forms = alternatives.map(read).flatMap((form) => (form.kind === 'either' ? form.forms : [form]));
  const options = forms.flatMap(literalsOf);
  if (forms.every(({ kind }) => kind === 'literal' || kind === 'choice')) return { kind: 'choice', options };
  // A word among forms stands for itself; several of them are several choices.
  const words = options.map((value): Setting => ({
    ...{ kind: 'literal', value, description: undefined, default: undefined },
  }));
  return { kind: 'either', forms: [...words, ...forms.filter((form) => literalsOf(form).length === 0)] };
}

function literalsOf(setting: Setting): readonly Literal[] {
  return setting.kind === 'literal' ? [setting.value] : setting.kind === 'choice' ? setting.options : [];
}

function readArray(items: JsonSchema): Shape<'words'> | Shape<'list'> {
  const item = read(items);
  const forms = item.kind === 'either' ? item.forms : [item];
  if (
    !forms.every(
      ({ kind }) => kind === 'text' || kind === 'number' || kind === 'literal' || kind === 'choice',
    )
  )
    return { kind: 'list', item };
  return {
    kind: 'words',
    options: forms.flatMap(literalsOf),
    hasNumbers: forms.some(({ kind }) => kind === 'number'),
  };
}

function readObject({
  properties = {},
  required = [],
  additionalProperties,
}: JsonSchema): Shape<'map'> | Shape<'group'> | Shape<'json'> {
  const names = Object.entries(properties);
  if (names.length === 0)
    return typeof additionalProperties === 'object'
      ? { kind: 'map', value: read(additionalProperties) }
      : { kind: 'json' };
  return {
    kind: 'group',
    fields: names.map(([name, schema]) => ({
      name,
      isRequired: required.includes(name),
      setting: read(schema),
    })),
  };
}

/** `redirects` and `0` are `redirects.0`; the whole has the path ''. */
export function pathBelow(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`;
}

/** Which of the forms a value has; the first that could be. */
export function formOf(forms: readonly Setting[], value: unknown): number {
  return forms.findIndex((form) => isOf(form, value));
}

function isOf(setting: Setting, value: unknown): boolean {
  switch (setting.kind) {
    case 'literal':
      return value === setting.value;
    case 'choice':
      return setting.options.includes(value as Literal);
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'switch':
      return typeof value === 'boolean';
    case 'words':
      return Array.isArray(value) && value.every((each) => typeof each !== 'object');
    case 'list':
      return Array.isArray(value) && value.every((each) => isOf(setting.item, each));
    case 'map':
      return isObject(value);
    case 'group':
      return (
        isObject(value) &&
        Object.keys(value).every((key) => setting.fields.some(({ name }) => name === key)) &&
        setting.fields.every(({ name, isRequired }) => !isRequired || name in value)
      );
    case 'either':
      return formOf(setting.forms, value) >= 0;
    case 'json':
      return true;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a field begins with when it is added; an owner goes on from there. */
export function startOf(setting: Setting): unknown {
  // Groups and lists are filled by hand: their default says no more than that they may be empty.
  if (setting.default !== undefined && setting.kind !== 'group' && setting.kind !== 'list')
    return setting.default;
  switch (setting.kind) {
    case 'literal':
      return setting.value;
    case 'choice':
      return setting.options[0];
    case 'text':
      return '';
    case 'number':
      return setting.min ?? 0;
    case 'switch':
      return true;
    case 'words':
      return [];
    case 'list':
      return [startOf(setting.item)];
    case 'map':
    case 'json':
      return {};
    case 'group':
      return Object.fromEntries(
        setting.fields
          .filter(({ isRequired }) => isRequired)
          .map(({ name, setting: each }) => [name, startOf(each)]),
      );
    case 'either':
      // Whoever adds it has something to say; a single word is chosen in its field.
      return startOf(setting.forms.find(({ kind }) => kind !== 'literal') ?? setting.forms[0]!);
  }
}

const knownWords = new Map(
  ['TTL', 'CORS', 'CSP', 'HSTS', 'URL', 'IP', 'ID', 'HTTP', 'HTML', 'POST', 'WWW', 'SNI', 'TCP', 'UDP'].map(
    (word) => [word.toLowerCase(), word],
  ),
);

/** `staleIfError` as words: "Stale if error". */
export function nameAsWords(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .map((word) => knownWords.get(word.toLowerCase()) ?? word.toLowerCase());
  const [first = '', ...rest] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' ');
}
