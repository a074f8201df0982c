// What a command is: a function that reads and writes a Draft, or throws one sentence. Everything it may need of the world
// is in its context, so that the writer can run it again when another edge has committed meanwhile.
import type { Actor } from '#model/users/audit-event.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import type { ReadRules } from '#model/ingress/rule-set.ts';
import type { Draft } from './draft.ts';
import type { ServedPort, ServedRoute } from './snapshot.ts';

/** Who asks, for the audit log. */
export interface Caller {
  readonly actor: Actor;
  /** The client's address, '' for what did not come over the network. */
  readonly address: string;
  readonly requestId: string;
}

/** Tunnels and routes that edge.yml declares: they are served beside the store's, and changed only in the file. */
export interface Declared {
  readonly tunnels: readonly TunnelEntry[];
  readonly routes: readonly ServedRoute[];
  /** Absent: none. */
  readonly ports?: readonly ServedPort[] | undefined;
}

/** Work of other rooms that commands need; roles/ passes it in. */
export interface ControlTools {
  /** Reads ingress rules in the text of config.yml. @throws SallyportError 'config-invalid' with faults by line */
  readonly readRules: (text: string) => ReadRules;
  /** Makes a secret for a tunnel: its token, which is shown once, and its public key in base64. */
  readonly issueToken: (tunnelId: string) => { readonly token: string; readonly publicKey: string };
}

export interface CommandContext extends Caller {
  readonly nowMs: number;
  newId(): string;
  readonly declared: Declared;
  readonly tools: ControlTools;
}

export type Command<R> = (draft: Draft, context: CommandContext) => R;

/** The edge itself, for changes that nobody asked for. */
export const systemCaller: Caller = {
  actor: { kind: 'system', id: '', name: 'the edge' },
  address: '',
  requestId: '',
};
