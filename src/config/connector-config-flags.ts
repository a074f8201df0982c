// Command-line flags that may also stand in config.yml as top-level keys, with the type each must have. The list is
// cloudflared's, so that a file written for it is read without a word; flags that mean nothing here are accepted too.
import type { ConfigEntry, ConfigReader } from './connector-config-reader.ts';

export type FlagType = 'string' | 'boolean' | 'integer' | 'duration' | 'strings';

/** Durations are milliseconds. */
export type FlagValue = string | boolean | number | readonly string[];

const names: Readonly<Record<FlagType, string>> = {
  string: `protocol metrics loglevel transport-loglevel proto-loglevel logfile log-directory log-format-output output region
    edge-ip-version edge-bind-address pidfile origincert cacert url unix-socket hostname name id lb-pool api-url api-key
    api-email api-ca-key token token-file credentials-contents http-host-header origin-server-name origin-ca-pool
    proxy-address management-hostname service-op-ip icmpv4-src icmpv6-src trace-output quick-service config ui
    connector-id`,
  boolean: `no-autoupdate is-autoupdated hello-world post-quantum pq management-diagnostics no-tls-verify
    no-chunked-encoding http2-origin bastion socks5 proxy-no-happy-eyeballs force overwrite-dns no-prechecks
    quic-disable-pmtu-discovery no-update-service stdin-control use-reconnect-token dial-edge-no-proxy`,
  integer: `retries ha-connections proxy-keepalive-connections proxy-port max-edge-addr-retries max-active-flows
    max-fetch-size compression-quality heartbeat-count
    quic-connection-level-flow-control-limit quic-stream-level-flow-control-limit`,
  duration: `grace-period autoupdate-freq proxy-connect-timeout proxy-tls-timeout proxy-tcp-keepalive
    proxy-keepalive-timeout rpc-timeout metrics-update-freq heartbeat-interval dial-edge-timeout write-stream-timeout`,
  strings: `tag edge dns-resolver-addrs features virtual-dns-service-resolver-addresses`,
};

const types: ReadonlyMap<string, FlagType> = new Map(
  (Object.keys(names) as FlagType[]).flatMap((type) =>
    names[type].split(/\s+/).map((name): [string, FlagType] => [name, type]),
  ),
);

/** The type of a flag that may be set in the file, undefined for a key that is no flag. */
export function flagTypeOf(name: string): FlagType | undefined {
  return types.get(name);
}

/** The value of a flag in the file, undefined (with an error collected) when it has the wrong type. */
export function readFlag(reader: ConfigReader, type: FlagType, entry: ConfigEntry): FlagValue | undefined {
  const { key, value } = entry;
  switch (type) {
    case 'string':
      return reader.string(value, key);
    case 'boolean':
      return reader.boolean(value, key);
    case 'integer':
      return reader.integer(value, key);
    case 'duration':
      return reader.duration(value, key);
    case 'strings':
      return reader.strings(value, key);
  }
}
