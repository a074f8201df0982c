// What commands need of the rest of the program: main.ts passes it in, so that the cli room knows neither the edge nor
// the connector.
import type { LogLevel } from '#base/log.ts';
import type { ConnectorConfig } from '#config/connector-config.ts';
import type { FlagValue } from './command.ts';

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

export interface Runners {
  /** Starts a demo; runs until a signal comes, `onReady` is called once. */
  demo(request: DemoRequest, onReady: (facts: DemoFacts) => void, onStopping: () => void): Promise<void>;
  /** Runs an edge until a signal comes. */
  edge(configFile: string): Promise<void>;
  /** Runs a connector until a signal comes. */
  connector(request: ConnectorRequest): Promise<void>;
  createTunnel(request: CreateTunnelRequest): CreatedTunnel;
  /** The token of a credentials file. */
  tokenOf(credentialsFile: string): string;
  /** SHA-256 pin of a CA's PEM file. */
  pinOf(caFile: string): string;
  /** Asks a connector's /ready. */
  ready(address: string): Promise<ReadyAnswer>;
}
