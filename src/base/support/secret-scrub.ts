// Takes secrets out of text that leaves the house (support bundles), twice: every secret that is known, in each form in which it
// could be written down, and everything that has the looks of one. Rather a harmless word too few than a secret too many.
import { Buffer } from 'node:buffer';

/** Shorter texts occur by chance; a secret of ours is never so short. */
const shortestSecret = 6;
/** Secrets in all. */
const maxSecrets = 20_000;

/** A function that takes them out of a text. */
export function createScrubber(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue;
    if (forms.size >= maxSecrets) break;
    for (const form of formsOf(secret)) if (form.length >= shortestSecret) forms.add(form);
  }
  // The longest first: a part of a secret must not save the rest of it.
  const known = [...forms].toSorted((a, b) => b.length - a.length);
  return (text) => looksTaken(known.reduce((rest, form) => rest.replaceAll(form, '(secret)'), text));
}

/** As it is, and as base64, hex, in a URL, and in JSON would have it. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  const hex = bytes.toString('hex');
  return [
    ...[secret, base64, bytes.toString('base64url'), hex, hex.toUpperCase()],
    ...[encodeURIComponent(secret), encodeURI(secret), JSON.stringify(secret).slice(1, -1)],
  ];
}

const looks: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g, '(PEM)'],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, '$1(secret)@'],
  [/\b(https?:\/\/[^\s"'?#]+)\?[^\s"'#]*/gi, '$1?(query)'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 (secret)'],
  [
    /((?:password|passwd|secret|token|api[_-]?key|authorization|cookie|credential)["']?\s*[:=]\s*)(?!\(|null\b|true\b|false\b|\d)("[^"]*"|'[^']*'|[^\s,;}]+)/gi,
    '$1(secret)',
  ],
  [/[^\s@<>(),;:"'=]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi, '(somebody)@$1'],
];

/** Letters and digits in a run that no word has: keys, hashes, tokens. Ids of ours (UUIDs) open nothing and stay. */
const run = /[A-Za-z0-9+/_=-]{24,}/g;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function looksTaken(text: string): string {
  const rest = looks.reduce((before, [pattern, instead]) => before.replaceAll(pattern, instead), text);
  return rest.replaceAll(run, (found) => {
    if (uuid.test(found) || !/\d/.test(found) || !/[A-Za-z]/.test(found)) return found;
    // Paths and metric names are words with separators between them.
    const words = found.split(/[/_=-]/);
    return words.every((word) => word.length < 20) && words.length > 2 && !/[+=]/.test(found)
      ? found
      : `(${found.length} characters)`;
  });
}

/** Names of settings whose value opens something. */
const secretNames = /secret|token|password|passwd|credential|cookie|key$|keys$|^store$|url$|^env$/i;

/** A configuration without the values of such settings; what has a file's name keeps it. */
export function redacted(value: unknown, name = ''): unknown {
  if (Array.isArray(value) && !secretNames.test(name)) return value.map((each) => redacted(each, name));
  if (value !== null && typeof value === 'object' && !secretNames.test(name)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redacted(each, key)]));
  }
  if (!secretNames.test(name) || value === undefined || value === null || typeof value === 'boolean')
    return value;
  return typeof value === 'number' ? value : '(set)';
}
