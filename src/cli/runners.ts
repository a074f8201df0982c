// What commands need of the rest of the program: main.ts passes it in, so that the cli room knows neither the edge nor
// the connector.
import type { SupportEntry } from '#base/support/support-bundle.ts';
import type { LogLevel } from '#base/log.ts';
import type { ConnectorConfig } from '#config/connector-config.ts';
import type { Send } from '#api/client.ts';
import type { DnsPlan, DnsStep } from '#model/dns/dns-view.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import type { WorkersSetting } from '#model/workers-setting.ts';
import type { FlagValue } from './command.ts';
import type { EdgeTarget } from './edge/connection.ts';

/** What `sallyport demo` asks for; ports undefined mean "the usual one, or any". */
export interface DemoRequest {
  readonly httpsPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly dataDir: string;
  readonly services: readonly { readonly hostname: string; readonly service: string }[];
  /** Answer on the http port too, instead of redirecting. */
  readonly servesHttp: boolean;
  readonly logLevel: LogLevel;
  readonly onAccess: (lines: string) => void;
}

/** What a running demo tells, in the order it is printed. */
export interface DemoFacts {
  readonly ready: true;
  readonly https: string;
  readonly http: string;
  readonly hostnames: Readonly<Record<string, string>>;
  readonly caFile: string;
  readonly metrics: { readonly edge: string; readonly connector: string };
  readonly tunnelToken: string;
  readonly edgeAddress: string;
  readonly dashboard: { readonly url: string; readonly signInLink: string | null };
  readonly adminSocket: string;
}

/** Where a connector's credentials come from. */
export type CredentialsOrigin =
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'token-file'; readonly file: string }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'json-file'; readonly file: string };

/** What `tunnel run` asks for, after flags, environment and file have been weighed. */
export interface ConnectorRequest {
  readonly credentials: CredentialsOrigin;
  readonly config: ConnectorConfig;
  /** The file is watched for new rules when it has some. */
  readonly isWatched: boolean;
  /** The rules come from a file or flags; false: there are none, and one that answers 503 stands for them. */
  readonly hasOwnRules: boolean;
  /** Flags by long name, command line over environment over file. */
  readonly flags: ReadonlyMap<string, FlagValue>;
}

/** What `tunnel create` asks for. */
export interface CreateTunnelRequest {
  readonly edgeAddress: string;
  readonly caPin: string;
  /** base64 of 32 bytes, '' to draw one. */
  readonly secret: string;
  /** Folder or file for the credentials, '' for `<UUID>.json` in the folder given. */
  readonly credentialsFile: string;
  readonly folder: string;
}

export interface CreatedTunnel {
  readonly id: string;
  readonly credentialsFile: string;
  /** base64 of the raw Ed25519 public key. */
  readonly publicKey: string;
  readonly token: string;
}

/** Answer of a connector's /ready. */
export interface ReadyAnswer {
  readonly status: number;
  readonly body: string;
}

/** What `edge init` asks for; '' where an edge.yml that is there says it. */
export interface SetUpRequest {
  readonly configFile: string;
  readonly dataDir: string;
  readonly domain: string;
  readonly hostname: string;
  readonly dashboard: string;
  readonly email: string;
  readonly certificates: 'acme' | 'internal';
  readonly owner: string;
  /** Public addresses of this machine; empty: those that its interfaces have. */
  readonly addresses: readonly string[];
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly workers: WorkersSetting;
  readonly dns: SetUpDns;
}

/** Providers whose account is an API token, which is all that `edge init` asks for; others stand in docs/dns.md. */
export const tokenProviders = ['cloudflare', 'hetzner', 'desec', 'digitalocean'] as const;

/** Who makes the DNS records of a new edge. */
export type SetUpDns =
  /** Whoever runs the command. */
  | { readonly provider: 'none' }
  /** The edge, in an account; the token is in a file or was typed in. */
  | {
      readonly provider: (typeof tokenProviders)[number];
      readonly token: { readonly file: string } | { readonly text: string };
    }
  /** The edge answers for the domain itself. */
  | { readonly provider: 'serve' };

/** What `edge init` has done and found. */
export interface SetUpEdge {
  readonly configFile: string;
  /** It was written now; otherwise it was there. */
  readonly isNew: boolean;
  readonly dashboardUrl: string;
  /** Null when somebody can sign in already. */
  readonly signInLink: string | null;
  readonly records: readonly {
    readonly name: string;
    readonly type: 'A' | 'AAAA' | 'A/AAAA' | 'NS';
    readonly value: string;
    /** The provider at which the edge makes it once it runs; '' where somebody has to. */
    readonly madeAt: string;
    readonly isGood: boolean;
    /** What was found instead. */
    readonly found: string;
  }[];
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: 'tcp' | 'udp';
    readonly what: string;
    /** This machine can open it; whether a firewall lets it in is seen from outside only. */
    readonly isGood: boolean;
    readonly detail: string;
  }[];
}

/** What `support-bundle --connector` asks for; '' where nothing was named. */
export interface ConnectorBundleRequest {
  /** `host:port` of its local server. */
  readonly address: string;
  readonly configFile: string;
  readonly logFile: string;
}

/** A support bundle that was gathered. */
export interface ConnectorBundle {
  readonly entries: readonly SupportEntry[];
  archive(): Promise<Buffer>;
}

/** Where the roots of an internal CA are read from. */
export type RootsOrigin =
  | { readonly kind: 'file'; readonly file: string }
  /** An edge's plain address. */
  | { readonly kind: 'url'; readonly url: string };

/** A root of an internal CA. */
export interface TrustRoot {
  readonly commonName: string;
  /** SHA-256, hex with colons. */
  readonly fingerprint: string;
  readonly notAfterMs: number;
}

/** What `trust install` and `trust uninstall` ask for. */
export interface TrustChange {
  readonly action: 'install' | 'uninstall';
  readonly origin: RootsOrigin;
  /** Fingerprints that the user vouches for; needed for roots that came without encryption. */
  readonly fingerprints: readonly string[];
  readonly system: boolean;
  readonly browsers: boolean;
  /** Only say what would be done. */
  readonly isDryRun: boolean;
}

/** What became of one step. */
export interface TrustOutcome {
  /** Which store. */
  readonly place: string;
  /** `told`: left to the user; `planned`: a dry run. */
  readonly state: 'done' | 'told' | 'planned' | 'failed';
  readonly text: string;
}

/** Whether a hostname leads to the edge, with the seconds that each took to see it. */
export interface DnsCheckReport {
  readonly hostname: string;
  readonly isProven: boolean;
  readonly zone: string;
  readonly zoneSeconds: number | undefined;
  readonly resolverSeconds: number | undefined;
  readonly step: ExplainStep;
}

/** Work on the names of an edge.yml, from the command line. */
export interface DnsRunners {
  plan(configFile: string): Promise<DnsPlan>;
  /** Applies the plan of this moment; `onStep` is called as each step is decided. */
  apply(configFile: string, onStep: (step: DnsStep) => void): Promise<DnsPlan>;
  /** Master files of the managed zones, or of one. */
  export(
    configFile: string,
    zone: string,
  ): Promise<readonly { readonly zone: string; readonly text: string }[]>;
  check(configFile: string, hostname: string, withinMs: number): Promise<DnsCheckReport>;
}

export interface Runners {
  readonly dns: DnsRunners;

  /** Sets an edge up, for `edge init`. @throws SallyportError */
  setUpEdge(request: SetUpRequest): Promise<SetUpEdge>;
  hasFile(file: string): boolean;
  /** Fills the store of an edge.yml from a backup. @throws SallyportError */
  restore(file: string, configFile: string): Promise<{ readonly objects: number; readonly revision: number }>;
  /** Starts a demo; runs until a signal comes, `onReady` is called once. */
  demo(request: DemoRequest, onReady: (facts: DemoFacts) => void, onStopping: () => void): Promise<void>;
  /** Runs an edge until a signal comes; `workers` counts instead of what the file says. */
  edge(configFile: string, workers?: WorkersSetting): Promise<void>;
  /** Has the running edge replaced by a successor; the numbers of both processes. */
  upgradeEdge(configFile: string): Promise<{ readonly before: number; readonly after: number }>;
  /** Runs a connector until a signal comes. */
  connector(request: ConnectorRequest): Promise<void>;
  createTunnel(request: CreateTunnelRequest): CreatedTunnel;
  /** Writes the credentials that a token stands for into a file that must not be there yet. @throws SallyportError */
  keepCredentials(token: string, file: string): void;
  /** The token of a credentials file. */
  tokenOf(credentialsFile: string): string;
  /** SHA-256 pin of a CA's PEM file. */
  pinOf(caFile: string): string;
  /** Sends a request to an edge's API. @throws SallyportError 'edge-unreachable' */
  send(target: EdgeTarget, ...request: Parameters<Send>): ReturnType<Send>;
  /** Reads the roots of an internal CA. */
  rootsFrom(origin: RootsOrigin): Promise<readonly TrustRoot[]>;
  /** Has this machine trust the roots, or trust them no longer. */
  changeTrust(change: TrustChange): Promise<readonly TrustOutcome[]>;
  /** Gathers the support bundle of a connector on this machine. */
  connectorBundle(request: ConnectorBundleRequest): Promise<ConnectorBundle>;
  /** Asks a connector's /ready. */
  ready(address: string): Promise<ReadyAnswer>;
}
