// The reliable, ordered, encrypted byte pipe below a tunnel session. TLS, WebSocket and memory implement it; one
// suite (test kit) runs on all.

export interface TransportHandler {
  /** Bytes arrived; the memory is the receiver's during the call only. */
  onData(chunk: Buffer): void;
  /** After `write` returned false: the transport accepts more without buffering it in this process. */
  onDrain(): void;
  /** Once, at the end; undefined when the peer ended cleanly. No further call follows. */
  onClose(error: Error | undefined): void;
}

export interface Transport {
  readonly kind: 'tls' | 'websocket' | 'memory' | 'local';
  /** `address:port` of the peer, IPv6 in brackets. */
  readonly remoteAddress: string;
  /** Keying material that both ends of this very session derive alike (RFC 8446 section 7.5). */
  exporter(label: string, lengthBytes: number): Buffer;
  /** Begins to deliver; nothing is lost that arrived before. */
  start(handler: TransportHandler): void;
  /** Sends bytes in order. `done` is called when the memory may be reused, also when sending failed. */
  write(chunk: Buffer, done: () => void): boolean;
  /** Ends cleanly after all that was written; the peer's last bytes are still read for a short while. */
  close(): void;
  /** Ends at once; by a reset, where there is one, the peer learns it although bytes before it were never acknowledged. */
  destroy(how?: 'reset'): void;
}
