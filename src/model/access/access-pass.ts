// What a browser holds beside a sign-in, as short signed texts (base/secrets/signed-text.ts):
//
//   share   in the address of a share link: which link it is
//   pass    in a cookie of one hostname: links opened there, page passwords given, and the service token that a client sent as
//           name and password, each by its id
//   door    in the form that asks for a page password: where it leads back to, and which passwords open that
//
// Both name objects of the edge's directory (access-state.ts); what is not there any more opens nothing.
import { z } from 'zod';
import type { TextSigner } from '#base/secrets/signed-text.ts';
import { maxReturnLength } from './sign-in-passage.ts';

const purposes = { share: 'access share', pass: 'access pass', door: 'access door' } as const;

/** What may be handed out for months, and names an object that can be revoked. */
export const linkPurposes: ReadonlySet<string> = new Set([purposes.share, purposes.pass]);

/** Kinds of objects that a pass may name. */
const passKinds = ['link', 'password', 'token'] as const;

const heldSchema = z.strictObject({
  kind: z.enum(passKinds),
  id: z.string().min(1).max(64),
  /** Of a page password: a changed one is another. */
  version: z.int().optional(),
  /** It ends then, unless its object does before. */
  untilMs: z.number(),
});

/** A client that sent name and password may leave them away for so long; after that it is asked for them again. */
export const tokenPassMs = 3_600_000;

/** Things held at one hostname; a new one pushes the oldest out. */
export const maxHeld = 16;

const passSchema = z.strictObject({
  host: z.string().min(1).max(253),
  held: z.array(heldSchema).max(maxHeld),
});

const doorSchema = z.strictObject({
  host: z.string().min(1).max(253),
  path: z.string().startsWith('/').max(maxReturnLength),
  names: z.array(z.string().max(254)).max(200),
  expiresAtMs: z.number(),
});

export type DoorAsk = z.infer<typeof doorSchema>;
export type HeldPass = z.infer<typeof heldSchema>;
export type AccessPass = z.infer<typeof passSchema>;

/** Makes and reads both texts. What is read was signed here for its purpose. */
export interface PassTexts {
  formatShare(linkId: string): string;
  /** The id of the link. */
  readShare(text: string): string | undefined;
  formatPass(pass: AccessPass): string;
  readPass(text: string): AccessPass | undefined;
  formatDoor(ask: DoorAsk): string;
  readDoor(text: string, nowMs: number): DoorAsk | undefined;
}

/** The texts of a signer. */
export function createPassTexts(signer: TextSigner): PassTexts {
  const read = <S extends z.ZodType>(schema: S, purpose: string, text: string): z.infer<S> | undefined => {
    const payload = signer.open(purpose, text);
    const result = payload === undefined ? undefined : schema.safeParse(JSON.parse(payload));
    return result?.success === true ? result.data : undefined;
  };
  return {
    formatShare: (linkId) => signer.sign(purposes.share, linkId),
    readShare: (text) => signer.open(purposes.share, text),
    formatPass: (pass) => signer.sign(purposes.pass, JSON.stringify(pass)),
    readPass: (text) => read(passSchema, purposes.pass, text),
    formatDoor: (ask) => signer.sign(purposes.door, JSON.stringify(ask)),
    readDoor(text, nowMs) {
      const ask = read(doorSchema, purposes.door, text);
      return ask !== undefined && nowMs < ask.expiresAtMs ? ask : undefined;
    },
  };
}
