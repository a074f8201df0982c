// What a browser holds beside a sign-in, as short signed texts (base/signed-text.ts):
//
//   share   in the address of a share link: which link it is
//   pass    in a cookie of one hostname: the links that the browser has opened there, each by its id
//
// Both name objects of the edge's directory (access-state.ts); what is not there any more opens nothing.
import { z } from 'zod';
import type { TextSigner } from '#base/signed-text.ts';

const purposes = { share: 'access share', pass: 'access pass' } as const;

/** Kinds of objects that a pass may name. */
const passKinds = ['link'] as const;

const heldSchema = z.strictObject({
  kind: z.enum(passKinds),
  id: z.string().min(1).max(64),
  /** It ends then, unless its object does before. */
  untilMs: z.number(),
});

/** Things held at one hostname; a new one pushes the oldest out. */
export const maxHeld = 16;

const passSchema = z.strictObject({
  host: z.string().min(1).max(253),
  held: z.array(heldSchema).max(maxHeld),
});

export type HeldPass = z.infer<typeof heldSchema>;
export type AccessPass = z.infer<typeof passSchema>;

/** Makes and reads both texts. What is read was signed here for its purpose. */
export interface PassTexts {
  formatShare(linkId: string): string;
  /** The id of the link. */
  readShare(text: string): string | undefined;
  formatPass(pass: AccessPass): string;
  readPass(text: string): AccessPass | undefined;
}

/** The texts of a signer. */
export function createPassTexts(signer: TextSigner): PassTexts {
  return {
    formatShare: (linkId) => signer.sign(purposes.share, linkId),
    readShare: (text) => signer.open(purposes.share, text),
    formatPass: (pass) => signer.sign(purposes.pass, JSON.stringify(pass)),
    readPass(text) {
      const payload = signer.open(purposes.pass, text);
      const result = payload === undefined ? undefined : passSchema.safeParse(JSON.parse(payload));
      return result?.success === true ? result.data : undefined;
    },
  };
}
