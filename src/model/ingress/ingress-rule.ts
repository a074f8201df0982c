// The connector's side of naming: an ingress rule maps hostname and path to a service at home, in cloudflared's
// terms (shared facts: config.yml, originRequest). Plain data after parsing; config/connector-config.ts makes it.

/** What a rule's `service` names. `text` is what the operator wrote, for messages and display. */
export type Service =
  | {
      readonly kind: 'http';
      readonly text: string;
      readonly scheme: 'http' | 'https' | 'h2c';
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'unix'; readonly text: string; readonly path: string; readonly isTls: boolean }
  | {
      readonly kind: 'tcp';
      readonly text: string;
      readonly scheme: string;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'udp'; readonly text: string; readonly host: string; readonly port: number }
  | { readonly kind: 'http-status'; readonly text: string; readonly status: number }
  | { readonly kind: 'hello-world'; readonly text: string }
  | { readonly kind: 'bastion'; readonly text: string }
  | { readonly kind: 'socks-proxy'; readonly text: string };

/** One entry of `originRequest.ipRules`. */
export interface IpRule {
  readonly prefix: string;
  readonly ports: readonly number[];
  readonly allow: boolean;
}

/** `originRequest` with every default filled in (cloudflared's names and defaults; times in milliseconds). */
export interface OriginRequest {
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  readonly tcpKeepAliveMs: number;
  readonly noHappyEyeballs: boolean;
  readonly keepAliveConnections: number;
  readonly keepAliveTimeoutMs: number;
  readonly httpHostHeader: string;
  readonly originServerName: string;
  readonly matchSniToHost: boolean;
  readonly caPool: string;
  readonly noTlsVerify: boolean;
  readonly disableChunkedEncoding: boolean;
  readonly bastionMode: boolean;
  readonly proxyAddress: string;
  readonly proxyPort: number;
  readonly proxyType: string;
  readonly ipRules: readonly IpRule[];
  readonly http2Origin: boolean;
  /** Ours: send a PROXY protocol header to the origin on each connection; '' for none. */
  readonly proxyProtocol: '' | 'v1' | 'v2';
  readonly access: {
    readonly required: boolean;
    readonly teamName: string;
    readonly audTag: readonly string[];
  };
}

/** A rule in file order. `hostname` is lower-case, '' or '*' match every host; `path` is RE2 source, '' matches all. */
export interface IngressRule {
  readonly hostname: string;
  readonly path: string;
  readonly service: Service;
  readonly originRequest: OriginRequest;
}
