// Environment variables that stand for flags (cloudflared's names; shared by `tunnel run` and its relatives). The command
// line wins over the environment, the environment over the config file.

const flagOf: Readonly<Record<string, string>> = {
  TUNNEL_TOKEN: 'token',
  TUNNEL_TOKEN_FILE: 'token-file',
  TUNNEL_CRED_FILE: 'credentials-file',
  TUNNEL_CRED_CONTENTS: 'credentials-contents',
  TUNNEL_ORIGIN_CERT: 'origincert',
  TUNNEL_METRICS: 'metrics',
  TUNNEL_LOGLEVEL: 'loglevel',
  TUNNEL_TRANSPORT_LOGLEVEL: 'transport-loglevel',
  TUNNEL_PROTO_LOGLEVEL: 'transport-loglevel',
  TUNNEL_LOGFILE: 'logfile',
  TUNNEL_LOGDIRECTORY: 'log-directory',
  TUNNEL_LOG_OUTPUT: 'log-format-output',
  TUNNEL_TRANSPORT_PROTOCOL: 'protocol',
  TUNNEL_EDGE: 'edge',
  TUNNEL_REGION: 'region',
  TUNNEL_EDGE_IP_VERSION: 'edge-ip-version',
  TUNNEL_EDGE_BIND_ADDRESS: 'edge-bind-address',
  TUNNEL_CACERT: 'cacert',
  TUNNEL_RETRIES: 'retries',
  TUNNEL_GRACE_PERIOD: 'grace-period',
  TUNNEL_PIDFILE: 'pidfile',
  NO_AUTOUPDATE: 'no-autoupdate',
  TUNNEL_NO_PRECHECKS: 'no-prechecks',
  TUNNEL_URL: 'url',
  TUNNEL_HELLO_WORLD: 'hello-world',
  TUNNEL_UNIX_SOCKET: 'unix-socket',
  TUNNEL_HTTP_HOST_HEADER: 'http-host-header',
  TUNNEL_ORIGIN_SERVER_NAME: 'origin-server-name',
  TUNNEL_ORIGIN_CA_POOL: 'origin-ca-pool',
  NO_TLS_VERIFY: 'no-tls-verify',
  TUNNEL_NO_CHUNKED_ENCODING: 'no-chunked-encoding',
  TUNNEL_ORIGIN_ENABLE_HTTP2: 'http2-origin',
  TUNNEL_TAG: 'tag',
  TUNNEL_HOSTNAME: 'hostname',
  TUNNEL_NAME: 'name',
  TUNNEL_ID: 'id',
  TUNNEL_LB_POOL: 'lb-pool',
  TUNNEL_API_URL: 'api-url',
  TUNNEL_POST_QUANTUM: 'post-quantum',
  TUNNEL_MANAGEMENT_DIAGNOSTICS: 'management-diagnostics',
  TUNNEL_MAX_ACTIVE_FLOWS: 'max-active-flows',
  TUNNEL_DNS_RESOLVER_ADDRS: 'dns-resolver-addrs',
  TUNNEL_STREAM_WRITE_TIMEOUT: 'write-stream-timeout',
  TUNNEL_DISABLE_QUIC_PMTU: 'quic-disable-pmtu-discovery',
  TUNNEL_BASTION: 'bastion',
  TUNNEL_SOCKS: 'socks5',
  TUNNEL_HA_CONNECTIONS: 'ha-connections',
};

const ownFlagOf: Readonly<Record<string, string>> = {
  TUNNEL_CREATE_SECRET: 'secret',
  TUNNEL_INGRESS_VALIDATE_JSON: 'json',
};

/** Flags set by the environment, as [flag, text, variable]; empty variables count as absent, save a secret's. */
export function flagsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): (readonly [flag: string, text: string, variable: string])[] {
  return Object.entries({ ...flagOf, ...ownFlagOf }).flatMap(([variable, flag]) => {
    const text = env[variable];
    // An empty token is a broken secret, not an absent one; starting without it would hide that.
    const counts = text !== undefined && (text !== '' || variable === 'TUNNEL_TOKEN');
    return counts ? [[flag, text, variable] as const] : [];
  });
}
