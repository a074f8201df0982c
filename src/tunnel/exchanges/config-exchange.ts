// The rules that an edge keeps for a tunnel on their way to a connector (CONFIG, docs/protocol/tunnel.md, "Rules kept at the
// edge"): cut once for all connections, gathered and read at the other end.
import { Buffer } from 'node:buffer';
import { splitText } from './piece-gatherer.ts';

/** What a connector names in AUTH when it takes part. */
export const remoteConfigFeature = 'remote-config';

/** The longest text; a rule set's own limit (model/ingress/rule-set.ts) is lower. */
export const configLimitBytes = 4 * 1024 * 1024;

/** Rules as they are pushed. Version 0 with an empty text gives the rules back to the connector. */
export interface PushedConfig {
  readonly version: number;
  /** YAML in the form of config.yml. */
  readonly text: string;
}

/** Gives the rules back: the tunnel is managed at its connectors again. */
export const releasedConfig: PushedConfig = { version: 0, text: '' };

/** A config cut into the payloads of its frames; one serves every connection. */
export interface EncodedConfig {
  readonly version: number;
  readonly payloads: readonly Buffer[];
}

export function encodeConfig({ version, text }: PushedConfig): EncodedConfig {
  return { version, payloads: splitText(version, Buffer.from(text)) };
}

/** The text of gathered bytes; undefined when they are not UTF-8. */
export function decodeConfigText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
