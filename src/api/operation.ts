// The shape of the API's contract: an operation is plain data, with the schemas of what goes in and comes out. The server
// (control/http) binds a handler to each, the client (client.ts) calls them, and openapi.json is written from them.
import type { z } from 'zod';
import type { Scope } from '#model/users/role.ts';

/** Where the API stands, below the dashboard's base path. */
export const apiBase = '/api/v1';

type Schema = z.ZodType;

/** One verb on one path. */
export interface Operation<
  Params extends Schema | undefined = Schema | undefined,
  Query extends Schema | undefined = Schema | undefined,
  Body extends Schema | undefined = Schema | undefined,
  Result extends Schema | undefined = Schema | undefined,
> {
  /** `createTunnel`; unique. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `apiBase`; parameters stand in braces: `/tunnels/{tunnel}`. */
  readonly path: string;
  /** `nobody`: open to all; `self`: any signed-in user or key, about himself. */
  readonly scope: Scope | 'nobody' | 'self';
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Undefined: 204. */
  readonly result?: Result;
  /** The answer is not JSON: server-sent events, or bytes of this type. */
  readonly stream?: 'text/event-stream' | 'application/octet-stream';
  /** A browser is led here, and led on: the answer is a 303 to another page, whatever happens, and never JSON. */
  readonly redirect?: boolean;
  /** Another site leads browsers here (an issuer, back to us): the guard against forged requests lets it. */
  readonly isLedTo?: boolean;
  /** An answer that creates something is a 201. */
  readonly creates?: boolean;
  /** The object has an ETag; `If-Match` guards a change against another made meanwhile. */
  readonly isVersioned?: boolean;
  /** The body may name the revision that it was made from, and is refused when the state has changed since. */
  readonly namesRevision?: boolean;
  /** There is nothing to ask where the edge is set up without it (a `dns` section, say): the answer is 404 then. */
  readonly isOptional?: boolean;
}

/** Says what an operation is, and keeps its types. */
export function operation<
  Params extends Schema | undefined = undefined,
  Query extends Schema | undefined = undefined,
  Body extends Schema | undefined = undefined,
  Result extends Schema | undefined = undefined,
  Stream extends Operation['stream'] = undefined,
>(
  data: Operation<Params, Query, Body, Result> & { readonly stream?: Stream },
): Operation<Params, Query, Body, Result> & (Stream extends string ? { readonly stream: Stream } : unknown) {
  return data as never;
}

/** Says what an operation is whose answer leads a browser on. */
export function redirection<
  Params extends Schema | undefined = undefined,
  Query extends Schema | undefined = undefined,
>(
  data: Operation<Params, Query, undefined, undefined>,
): Operation<Params, Query, undefined, undefined> & { readonly redirect: true } {
  return { ...data, redirect: true };
}

type InputOf<S> = S extends Schema ? z.input<S> : undefined;
type OutputOf<S> = S extends Schema ? z.output<S> : undefined;

/** What a caller gives. Parts without a schema are left out. */
export type CallInput<O> =
  O extends Operation<infer P, infer Q, infer B, Schema | undefined>
    ? (P extends Schema ? { readonly params: InputOf<P> } : { readonly params?: undefined }) &
        (Q extends Schema ? { readonly query?: InputOf<Q> } : { readonly query?: undefined }) &
        (B extends Schema ? { readonly body: InputOf<B> } : { readonly body?: undefined }) & {
          /** The version that was seen, for operations on versioned objects. */
          readonly ifMatch?: number;
        }
    : never;

/** What a handler gets: the same after validation, defaults filled in. */
export type HandlerInput<O> =
  O extends Operation<infer P, infer Q, infer B, Schema | undefined>
    ? {
        readonly params: OutputOf<P>;
        readonly query: OutputOf<Q>;
        readonly body: OutputOf<B>;
        readonly ifMatch: number | undefined;
      }
    : never;

/** What an operation answers. */
export type CallResult<O> =
  O extends Operation<Schema | undefined, Schema | undefined, Schema | undefined, infer R>
    ? R extends Schema
      ? z.output<R>
      : undefined
    : never;
