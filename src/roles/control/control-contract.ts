// What the two threads of an edge say to each other: the thread of the data path (main) and that of the control plane.
//
//   main                        control thread
//   edge, listeners, tunnels    store, commands, API, dashboard
//        <- served, log           every change of the configuration; lines for the log
//        -> look, explain ...     what the edge is doing right now
//
// HTTP of the API does not go this way but over two socket files in the data folder: one for requests that came through the
// edge, one for commands on this machine.
import type { DocumentStore } from '#certs/vault/document-vault.ts';
import type { MailSettings } from '#base/mail/send-mail.ts';
import type { Declared } from '#control/command.ts';
import type { DnsEdge } from '#control/dns-edge.ts';
import type { ControlEnd, EdgeFacts, EdgeLook, EdgeView } from '#control/edge-view.ts';
import type { Served } from '#control/snapshot.ts';
import type { AccessKeyRing, AssertionAlgorithm } from '#model/access/access-keys.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';
import type { ControlReport } from '#model/live/control-report.ts';
import type { LiveEvent } from '#model/live/live.ts';
import type { OidcIssuer } from '#model/access/oidc-issuer.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';
import type { LogEntry } from './forwarded-log.ts';

/** What edge.yml says that only the control plane works with: servers of the owner, for the most part. */
export interface OwnersServices {
  /** OpenID Connect issuers. */
  readonly issuers: readonly OidcIssuer[];
  /** Where mails are handed in; absent: none are sent. */
  readonly mail: MailSettings | undefined;
  /** How long a key of access signs. */
  readonly accessKeyAgeMs: number;
}

/** What the control thread is started with. */
export interface ControlSettings {
  readonly dataDir: string;
  /** As `openStore` takes it. */
  readonly storeUrl: string;
  readonly facts: EdgeFacts;
  /** Path it stands at, '' for the root. */
  readonly basePath: string;
  readonly declared: Declared;
  readonly services: OwnersServices;
  /** How the thread before this one ended, when it was not meant to. */
  readonly lastEnd?: ControlEnd;
  /** The keys of access that this edge has; the store's take their place. */
  readonly accessKeys: AccessKeyRing;
}

/** What the control thread answers. */
export type ControlOffers = {
  /** The edge has opened its listeners and its CA: what is now known of it. */
  introduce(facts: EdgeFacts): void;
  /** edge.yml has changed. */
  declare(declared: Declared, services: OwnersServices): void;
  /** An event of the edge, while somebody listens. */
  event(event: LiveEvent): void;
  /** A request that a subscription asked for. */
  request(subscription: number, request: LoggedRequest): void;
  /** A one-time link for the owner of an edge that nobody can sign in to; undefined once somebody can. */
  firstOwnerLink(name: string): Promise<string | undefined>;
  /** What the main thread shows of the control plane. */
  report(): ControlReport;
  /** A policy asks for assertions of this kind, of which there may be no key yet. */
  wantAssertions(algorithm: AssertionAlgorithm): void;
  /** One more browser opens a share link: whether it may. */
  useShareLink(id: string): Promise<boolean>;
  // The store's documents and leases, for certificates; see DocumentStore of the certs room.
  getDocument: DocumentStore['getDocument'];
  putDocument: DocumentStore['putDocument'];
  deleteDocument: DocumentStore['deleteDocument'];
  listDocuments: DocumentStore['listDocuments'];
  takeLease: DocumentStore['takeLease'];
  releaseLease: DocumentStore['releaseLease'];
  /** Finishes what is under way and closes the store. */
  stop(): Promise<void>;
};

/** What the main thread answers. */
export type EdgeOffers = DnsEdge & {
  log(entry: LogEntry): void;
  /** The configuration as it is to be served from now on. */
  served(served: Served): void;
  /** Whom the edge may let pass protected routes from now on. */
  access(directory: AccessDirectory): void | Promise<void>;
  /** The keys of access from now on. */
  accessKeys(ring: AccessKeyRing): void;
  look(): EdgeLook | Promise<EdgeLook>;
  traffic: EdgeView['traffic'];
  disconnect: EdgeView['disconnect'];
  listRequests: EdgeView['listRequests'];
  findRequest: EdgeView['findRequest'];
  sendRequest: EdgeView['sendRequest'];
  probe: EdgeView['probe'];
  explain: EdgeView['explain'];
  testAccess: EdgeView['testAccess'];
  listCertificates: EdgeView['listCertificates'];
  renewCertificate: EdgeView['renewCertificate'];
  importCertificate: EdgeView['importCertificate'];
  forgetCertificate: EdgeView['forgetCertificate'];
  listBans: EdgeView['listBans'];
  liftBans: EdgeView['liftBans'];
  health: EdgeView['health'];
  listProbes: EdgeView['listProbes'];
  probeNow: EdgeView['probeNow'];
  supportFacts: EdgeView['supportFacts'];
  cacheStatus: EdgeView['cacheStatus'];
  listCached: EdgeView['listCached'];
  purgeCache: EdgeView['purgeCache'];
  /** Whether anybody listens to events. */
  watchEvents(isWatched: boolean): void;
  watchRequests(subscription: number, filter: RequestFilter): void;
  unwatchRequests(subscription: number): void;
};

/** First word of the control thread: it works, or why it does not. */
export type ControlHello =
  | { readonly kind: 'ready'; readonly served: Served }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** The two socket files, below the data folder. */
export const socketNames = {
  /** Requests that came through the edge; only the edge's own process connects. */
  edge: 'control.sock',
  /** Commands on this machine, by whoever may open the file (mode 0600). */
  admin: 'admin.sock',
} as const;
