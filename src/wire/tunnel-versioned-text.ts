// Texts with a version that are too long for one frame: the rules that a connector publishes (RULES) and the rules that
// the edge keeps for a tunnel (CONFIG, an extension). Both go in pieces of one layout, and both are acknowledged:
//
//     RULES, CONFIG    version u32 | last u8 | bytes of the text
//     RULES_ACK        version u32 | accepted u8 | text: why not
//     CONFIG_ACK       version u32 | verdict u8 | text: why not
import { Buffer } from 'node:buffer';
import { frameError, maxPayloadBytes } from './tunnel-frame.ts';
import { flag, needAtLeast, textLimitBytes, utf8Floor, utf8Text } from './tunnel-payload.ts';

/** One piece of a text. */
export interface VersionedPiece {
  readonly version: number;
  readonly isLast: boolean;
  /** A slice of the UTF-8 text; may cut a character in two. */
  readonly bytes: Uint8Array;
}

/** What the receiver makes of a whole text; `text` says why it was refused, and is '' when it was not. */
export interface VersionedAck {
  readonly version: number;
  readonly isAccepted: boolean;
  readonly text: string;
}

/** By their number on the wire. `outdated`: not newer than what is in force, or another text of the same version. */
export const configVerdicts = ['refused', 'accepted', 'outdated'] as const;

export type ConfigVerdict = (typeof configVerdicts)[number];

/** What a connector makes of pushed rules; `text` says why they are not in force. */
export interface ConfigAck {
  readonly version: number;
  readonly verdict: ConfigVerdict;
  readonly text: string;
}

const headBytes = 5;

/** The most bytes of text that fit one frame. */
export const pieceBytes = maxPayloadBytes - headBytes;

export function encodePiece(piece: VersionedPiece): Buffer {
  const out = Buffer.allocUnsafe(headBytes + piece.bytes.length);
  out.writeUInt32BE(piece.version, 0);
  out[4] = piece.isLast ? 1 : 0;
  out.set(piece.bytes, headBytes);
  return out;
}

export function decodePiece(name: 'RULES' | 'CONFIG', payload: Buffer): VersionedPiece {
  needAtLeast(name, payload, headBytes);
  return {
    version: payload.readUInt32BE(0),
    isLast: flag(name, payload[4]!),
    bytes: payload.subarray(headBytes),
  };
}

/** The text is cut so that no acknowledgement fails for being wordy. */
export function encodeAck(ack: VersionedAck): Buffer {
  const text = Buffer.from(ack.text);
  const length = utf8Floor(text, textLimitBytes);
  const out = Buffer.allocUnsafe(headBytes + length);
  out.writeUInt32BE(ack.version, 0);
  out[4] = ack.isAccepted ? 1 : 0;
  text.copy(out, headBytes, 0, length);
  return out;
}

export function decodeAck(payload: Buffer): VersionedAck {
  needAtLeast('RULES_ACK', payload, headBytes);
  return {
    version: payload.readUInt32BE(0),
    isAccepted: flag('RULES_ACK', payload[4]!),
    text: utf8Text('RULES_ACK', payload.subarray(headBytes)),
  };
}

/** The layout is that of RULES_ACK, with one more value in the place of its flag. */
export function encodeConfigAck({ version, verdict, text }: ConfigAck): Buffer {
  const out = encodeAck({ version, isAccepted: false, text });
  out[4] = configVerdicts.indexOf(verdict);
  return out;
}

export function decodeConfigAck(payload: Buffer): ConfigAck {
  needAtLeast('CONFIG_ACK', payload, headBytes);
  const verdict = configVerdicts[payload[4]!];
  if (!verdict) throw frameError(`CONFIG_ACK has a verdict of ${payload[4]}, 0 to 2 expected`);
  return {
    version: payload.readUInt32BE(0),
    verdict,
    text: utf8Text('CONFIG_ACK', payload.subarray(headBytes)),
  };
}
