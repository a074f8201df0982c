// What the HTTP/1.1 decoders throw when a message cannot be read, and nothing else.

/** What is wrong with a head, for the status to answer with. */
export type Http1ErrorKind =
  | 'bad-request'
  | 'uri-too-long'
  | 'headers-too-large'
  | 'http-version'
  | 'not-implemented'
  | 'expectation-failed';

/** The only error these decoders throw. */
export class Http1Error extends Error {
  readonly kind: Http1ErrorKind;

  constructor(kind: Http1ErrorKind, message: string) {
    super(message);
    this.name = 'Http1Error';
    this.kind = kind;
  }
}
