// Objects as the audit log may show them: without hashes and secrets, and without texts of any length. That something was
// set or changed can still be seen.
import type { ObjectKind, StoredObjects } from '#store/store.ts';

/** Pictures are told by their length alone. */
const pictures: ReadonlySet<string> = new Set(['logo']);

/** Longest text that an audit event keeps; a longer one is cut and named by its length. */
const longestText = 20_000;

/** Fields that are only told to be there. */
const secrets: { readonly [K in ObjectKind]?: readonly (keyof StoredObjects[K])[] } = {
  user: ['passwordHash', 'totpSecret', 'totpLastStep', 'recoveryCodes'],
  apiKey: ['hash'],
  pagePassword: ['hash'],
  channel: ['sealed'],
};

/** A copy of the object for the audit log. */
export function shownObject<K extends ObjectKind>(
  kind: K,
  object: StoredObjects[K],
): Record<string, unknown> {
  const hidden = (secrets[kind] ?? []) as readonly string[];
  return Object.fromEntries(
    Object.entries(object).map(([key, value]: [string, unknown]) => [
      key,
      hidden.includes(key)
        ? isUnset(value)
          ? null
          : '(set)'
        : pictures.has(key)
          ? pictureText(value)
          : shortened(value),
    ]),
  );
}

function isUnset(value: unknown): boolean {
  return value === null || value === 0 || (Array.isArray(value) && value.length === 0);
}

function pictureText(value: unknown): unknown {
  return typeof value !== 'string' || value === '' ? value : `(a picture of ${value.length} characters)`;
}

function shortened(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= longestText) return value;
  return `${value.slice(0, longestText)}\n(${value.length} characters in all)`;
}
