// A look at a hostname from where a connector is (an extension): the edge asks, the connector answers with what it saw.
//
//     PROBE           number u32 | json
//     PROBE_RESULT    number u32 | json
import { Buffer } from 'node:buffer';
import { frameError, maxPayloadBytes } from './tunnel-frame.ts';
import { jsonObject } from './tunnel-message.ts';
import { needAtLeast } from './tunnel-payload.ts';

/** A question and its answer have one number, which the edge draws; they count up from 1. */
export interface ProbeMessage {
  readonly number: number;
  readonly value: Record<string, unknown>;
}

const headBytes = 4;

/** The payload. @throws SallyportError 'protocol-violation' for what does not fit a frame */
export function encodeProbe({ number, value }: ProbeMessage): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  if (headBytes + json.length > maxPayloadBytes) throw frameError('PROBE is longer than a frame');
  const out = Buffer.allocUnsafe(headBytes + json.length);
  out.writeUInt32BE(number, 0);
  out.set(json, headBytes);
  return out;
}

/** Reads it; what the JSON must hold is the receiver's matter. */
export function decodeProbe(name: 'PROBE' | 'PROBE_RESULT', payload: Buffer): ProbeMessage {
  needAtLeast(name, payload, headBytes);
  return { number: payload.readUInt32BE(0), value: jsonObject(name, payload.subarray(headBytes)) };
}
