// Against lost updates: a change that was made of an older version of the object is refused (RFC 9110, section 13.1.1).
import { SallyportError } from '#base/errors.ts';

/** @throws SallyportError 'precondition-failed' when the object is not in the version that was seen */
export function requireVersion(object: { readonly version: number }, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === object.version) return;
  throw new SallyportError(
    'precondition-failed',
    `Somebody has changed it meanwhile (version ${object.version}, you saw ${ifMatch}); load it again and repeat the change.`,
  );
}
