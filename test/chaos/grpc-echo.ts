// The gRPC method of the chaos runs, as origin and checker both know it. Messages are bytes.
import type { MethodDefinition } from '@grpc/grpc-js';

const asIs = (value: Buffer): Buffer => value;

/** Gives the message back. */
export const echoMethod: MethodDefinition<Buffer, Buffer> = {
  path: '/chaos.Calls/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
