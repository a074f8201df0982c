// Who may pass a route, as one line to read and to edit: `public`, `private`, or words with commas. Policies whose rules have
// conditions are more than a line says, and are changed in a file or by the API.
import type { RouteView } from '#api/routes.ts';
import { lineOfPolicy, policyOfLine } from '#model/access/access-policy.ts';

type Access = RouteView['access'];

/** The line; undefined for a policy that no line says. */
export const accessText: (access: Access) => string | undefined = lineOfPolicy;

/** The policy of a line; the edge says what is wrong with it. */
export function accessOfText(text: string): Access {
  const words = text.split(',').filter((word) => word.trim() !== '');
  return words.length === 0 ? 'public' : (policyOfLine(words.join(',')) as Access);
}
