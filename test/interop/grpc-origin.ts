// The gRPC services behind the tunnel: one of each of the four kinds, one that fails with metadata, one that never
// answers. Messages are bytes.
import * as grpc from '@grpc/grpc-js';

const asIs = (value: Buffer): Buffer => value;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Calls/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** How client and server speak of the methods. */
export const calls = {
  echo: method('Echo', false, false),
  fail: method('Fail', false, false),
  hang: method('Hang', false, false),
  /** Answers each byte of the request by a message of so many kilobytes. */
  expand: method('Expand', false, true),
  /** Answers the number of messages and bytes. */
  count: method('Count', true, false),
  chat: method('Chat', true, true),
};

/** Details as google.rpc.Status would stand here; opaque bytes to everyone on the way. */
export const errorDetails = Buffer.from([0x08, 0x05, 0x12, 0x04, 0xff, 0x00, 0x0d, 0x0a]);

export interface GrpcOrigin {
  readonly port: number;
  /** Calls that the origin saw cancelled. */
  cancelled(): number;
  close(): void;
}

/** Starts the services on a free loopback port. */
export async function startGrpcOrigin(credentials: grpc.ServerCredentials): Promise<GrpcOrigin> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 8 << 20 });
  let cancelled = 0;
  const watch = (call: { on(event: 'cancelled', listener: () => void): unknown }): void =>
    void call.on('cancelled', () => (cancelled += 1));
  const echo: grpc.handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const head = new grpc.Metadata();
    for (const value of call.metadata.get('x-asked')) head.add('x-answered', value);
    for (const value of call.metadata.get('x-bytes-bin')) head.add('x-bytes-bin', value);
    call.sendMetadata(head);
    const trailer = new grpc.Metadata();
    trailer.set('x-trailer', 'end');
    done(null, call.request, trailer);
  };
  const fail: grpc.handleUnaryCall<Buffer, Buffer> = (_call, done) => {
    const metadata = new grpc.Metadata();
    metadata.set('grpc-status-details-bin', errorDetails);
    metadata.set('x-why', 'because');
    done({ code: grpc.status.FAILED_PRECONDITION, details: 'a reason: 100 % “ü”', metadata });
  };
  const hang: grpc.handleUnaryCall<Buffer, Buffer> = (call) => watch(call);
  const expand: grpc.handleServerStreamingCall<Buffer, Buffer> = (call) => {
    watch(call);
    for (const kilobytes of call.request) call.write(Buffer.alloc(kilobytes * 1024, kilobytes));
    // A request that begins with 0 leaves the stream open.
    if (call.request[0] !== 0) call.end();
  };
  const count: grpc.handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
    let messages = 0;
    let bytes = 0;
    call.on('data', (message: Buffer) => {
      messages += 1;
      bytes += message.length;
    });
    call.on('end', () => done(null, Buffer.from(`${messages} ${bytes}`)));
  };
  const chat: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    watch(call);
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  server.addService(calls, { echo, fail, hang, expand, count, chat });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { port, cancelled: () => cancelled, close: () => server.forceShutdown() };
}
