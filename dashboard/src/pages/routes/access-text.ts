// Who may pass a route, as one line to read and to edit: `public`, `private`, or words with commas. Policies whose rules have
// conditions are more than a line says, and are changed in a file or by the API.
import type { RouteView } from '#api/routes.ts';

type Access = RouteView['access'];

/** The line; undefined for a policy that no line says. */
export function accessText(access: Access): string | undefined {
  if (typeof access === 'string') return access;
  if (!Array.isArray(access)) return undefined;
  const words = access.filter((rule) => typeof rule === 'string');
  return words.length === access.length ? words.join(', ') : undefined;
}

/** The policy of a line; the edge says what is wrong with it. */
export function accessOfText(text: string): Access {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const [first = 'public'] = words;
  return words.length <= 1 && (first === 'public' || first === 'private') ? first : words;
}
