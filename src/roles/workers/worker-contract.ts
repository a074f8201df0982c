// What an edge's first process and its further workers say to each other, over Node's channel between parent and child.
//
//   first                                   worker
//     | starts it, with the listening sockets  | loads the program
//     | <------------------------------- hello |
//     | start: number, configuration, ... ---> | opens its edge on the sockets
//     | <------------------------------- ready |
//     | apply, access, look, metrics, stop --> |   questions, each with its answer (base/thread-link.ts)
//     | <--- certificateFor, wellKnown, log .. |
//     | <------------ news of all workers ---> |   one way, passed on by the first (edge/mates)
//
// The first keeps what there is one of: store and control plane, certificates, DNS, metrics server, TCP and UDP ports.
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { ChallengePem } from '#certs/acme/challenge-board.ts';
import type { EdgeLook } from '#control/edge-view.ts';
import type { Inheritance } from '#edge/edge-contract.ts';
import type { MateTopic, MovedConnection } from '#edge/mates/mates.ts';
import type { WellKnownAnswer } from '#edge/front-door/well-known.ts';
import type { AccessKeyRing } from '#model/access/access-keys.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';
import type { LiveEvent } from '#model/live/live.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { EdgeOffers } from '../control/control-contract.ts';
import type { LogEntry } from '../control/forwarded-log.ts';
import type { HandedSocket } from '../succession/handed-sockets.ts';

/** A certificate as a worker shows it. */
export interface ShownPem {
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly notAfterMs: number;
  /** The OCSP answer beside it. */
  readonly staple: Uint8Array | undefined;
}

/** What a worker must know of certificates before anybody asks. */
export interface CertificateBasics {
  readonly ticketKeys: Uint8Array;
  readonly needsStaples: boolean;
  /** For clients that name no server. */
  readonly fallback: ShownPem | undefined;
  readonly challenges: readonly ChallengePem[];
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly number: number;
  readonly count: number;
  /** With everything that is served; see workerConfig. */
  readonly config: EdgeConfig;
  /** Listening sockets, by their descriptors in the worker. */
  readonly sockets: readonly HandedSocket[];
  readonly inheritance: Inheritance;
  readonly directory: AccessDirectory;
  readonly accessKeys: AccessKeyRing;
  readonly certificates: CertificateBasics;
  readonly relaySecret: Uint8Array;
  /** Part of the names of the workers' socket files. */
  readonly generation: string;
}

/** Questions about the edge that a worker answers for its part, as the first does for its own. */
type Answers = Pick<
  EdgeOffers,
  | 'access'
  | 'traffic'
  | 'disconnect'
  | 'listRequests'
  | 'findRequest'
  | 'liftBans'
  | 'cacheStatus'
  | 'listCached'
  | 'purgeCache'
  | 'watchEvents'
  | 'watchRequests'
  | 'unwatchRequests'
>;

/** What a worker answers. */
export type WorkerOffers = Answers & {
  start(start: WorkerStart): Promise<void>;
  /** Puts a changed configuration in force. */
  apply(config: EdgeConfig): Promise<void>;
  /** The keys of access from now on. */
  accessKeys(ring: AccessKeyRing): void;
  certificates(basics: CertificateBasics): void;
  look(): EdgeLook | Promise<EdgeLook>;
  /** How each origin is, as far as was seen here. */
  origins(): readonly OriginLive[];
  metrics(): string | Promise<string>;
  inheritance(withinMs: number): Inheritance;
  /** Opens the access log anew. */
  reopen(): void;
  /** A successor serves; resolves when the last client has gone, or after `graceMs`. */
  leave(graceMs: number): Promise<void>;
  /** Ends everything, and then the process. */
  stop(graceMs: number): Promise<void>;
};

/** What the first answers a worker. */
export type FirstOffers = {
  log(entry: LogEntry): void;
  /** The certificate for a server name; waits while it is being got. */
  certificateFor(serverName: string): Promise<ShownPem | undefined>;
  wellKnown(path: string): Promise<WellKnownAnswer | undefined>;
  useShareLink(id: string): Promise<boolean>;
  event(event: LiveEvent): void;
  request(subscription: number, request: LoggedRequest): void;
};

/** What goes one way, without an answer. */
export type WorkerNote =
  | { readonly kind: 'hello' }
  | { readonly kind: 'news'; readonly from: number; readonly topic: MateTopic; readonly news: unknown }
  | { readonly kind: 'joined' | 'left'; readonly number: number }
  /** A connection to be served by a worker; its handle is sent beside it. */
  | { readonly kind: 'moved'; readonly to: number; readonly moved: MovedConnection }
  /** Lines for the access log, where it is standard output. */
  | { readonly kind: 'lines'; readonly lines: Uint8Array };

const noteKinds: ReadonlySet<unknown> = new Set(['hello', 'news', 'joined', 'left', 'moved', 'lines']);

/** A message that is a note; undefined for questions and answers. */
export function noteOf(message: unknown): WorkerNote | undefined {
  const kind =
    typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
  return noteKinds.has(kind) ? (message as WorkerNote) : undefined;
}
