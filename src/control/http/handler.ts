// What a handler of the API gets and gives. Handlers know nothing of sockets: they take validated input and who asks, and
// return plain data, or a function that writes a stream.
import type { ServerResponse } from 'node:http';
import type { ApiKey } from '#model/users/api-key.ts';
import type { Actor } from '#model/users/audit-event.ts';
import type { Scope } from '#model/users/role.ts';
import type { Session } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';
import type { Operations } from '#api/api.ts';
import type { CallResult, HandlerInput } from '#api/operation.ts';
import type { Caller } from '../command.ts';

/** Who asks, and what he may. Nobody has no scopes. */
export interface Identity {
  readonly actor: Actor;
  readonly scopes: ReadonlySet<Scope>;
  /** Who has signed in, or whose API key it is; undefined for local commands and nobody. */
  readonly user: User | undefined;
  /** Of a browser that has signed in. Only with one may a user change how he signs in. */
  readonly session: Session | undefined;
  readonly apiKey: ApiKey | undefined;
}

/** The part of an HTTP request that decides who asks. */
export interface ApiRequest {
  readonly method: string;
  /** Lower-case names; repeated fields joined by node:http. */
  readonly header: (name: string) => string;
  /** Hostname (and port) that the client asked for, and whether by https. */
  readonly authority: string;
  readonly isSecure: boolean;
  /** The client's address as the edge saw it; '' on the local socket. */
  readonly address: string;
  readonly requestId: string;
  /** Came over the edge's own socket file: whoever may open it may do everything. */
  readonly isLocal: boolean;
}

/** Everything about one call beside its input. */
export interface CallContext {
  readonly identity: Identity;
  readonly caller: Caller;
  readonly request: ApiRequest;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** Adds a field to the answer; several of one name (Set-Cookie) are kept. */
  readonly addHeader: (name: string, value: string) => void;
}

/** Writes an answer that is no JSON; resolves when it has ended. */
export type StreamWriter = (response: ServerResponse, signal: AbortSignal) => Promise<void>;

/** Where a browser is led on to: an absolute URL. */
export interface Redirection {
  readonly location: string;
}

type ResultOf<O> = O extends { readonly stream: string }
  ? StreamWriter
  : O extends { readonly redirect: true }
    ? Redirection
    : CallResult<O>;

/** A handler for each operation. */
export type Handlers<Ids extends keyof Operations = keyof Operations> = {
  readonly [Id in Ids]: (
    input: HandlerInput<Operations[Id]>,
    context: CallContext,
  ) => Promise<ResultOf<Operations[Id]>> | ResultOf<Operations[Id]>;
};

/** Nobody in particular. */
export const nobody: Identity = {
  actor: { kind: 'nobody', id: '', name: '' },
  scopes: new Set(),
  user: undefined,
  session: undefined,
  apiKey: undefined,
};
