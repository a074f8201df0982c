// Rules whose destination the client names: `bastion` (in the OPEN frame) and `socks-proxy` (inside the stream). A name is
// resolved once, every address is held against the rule's ipRules, and the very address that passed is dialled.
import { lookup } from 'node:dns/promises';
import { parseAuthority } from '#base/net/hostname.ts';
import { isAddress } from '#base/net/ip.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { OpenRequest, TunnelStream } from '#tunnel/stream.ts';
import { destinationPolicy, type DestinationPolicy } from './destination-policy.ts';
import type { Origin, OriginContext } from './origin.ts';
import type { OriginTarget } from './origin-dial.ts';
import { originFailure } from './origin-failure.ts';
import type { OriginPipe } from './origin-pipe.ts';
import { SocketOrigin } from './socket-origin.ts';
import { Socks5Handshake, type SocksReply } from './socks5.ts';

/** A place the client asked for. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

export function createForwardOrigin(
  rule: IngressRule,
  kind: 'bastion' | 'socks-proxy',
  context: OriginContext,
): Origin {
  const forwarder = new Forwarder(rule, context);
  return {
    serve: (stream, request, opened) =>
      kind === 'bastion'
        ? forwarder.bastion(stream, request, opened)
        : forwarder.socks(stream, request, opened),
    close() {},
  };
}

class Forwarder {
  readonly #rule: IngressRule;
  readonly #policy: DestinationPolicy;
  readonly #sockets: SocketOrigin;

  constructor(rule: IngressRule, context: OriginContext) {
    this.#rule = rule;
    this.#policy = destinationPolicy(rule.originRequest.ipRules);
    this.#sockets = new SocketOrigin(rule, this.#target({ host: '', port: 0 }), context);
  }

  bastion(stream: TunnelStream, request: OpenRequest, opened: () => void): void {
    const pipe = this.#sockets.newPipe(stream);
    const place = parseAuthority(request.destination);
    if (place?.port === undefined) {
      pipe.fail('origin-not-allowed', `"${request.destination}" is not of the form host:port`);
      return;
    }
    this.#connect({ host: place.host, port: place.port }, pipe, request, opened, (reply, detail) =>
      pipe.fail(...failureOf(reply, detail)),
    );
  }

  socks(stream: TunnelStream, request: OpenRequest, opened: () => void): void {
    opened();
    const handshake = new Socks5Handshake(stream, (destination, rest) => {
      const pipe = this.#sockets.newPipe(stream);
      if (rest.length > 0) pipe.onData(rest);
      this.#connect(
        destination,
        pipe,
        request,
        () => handshake.reply('granted'),
        (reply, detail) => {
          handshake.reply(reply);
          pipe.fail(...failureOf(reply, detail));
        },
      );
    });
    stream.handler = handshake;
  }

  #connect(
    destination: Destination,
    pipe: OriginPipe,
    request: OpenRequest,
    opened: () => void,
    refuse: (reply: SocksReply, detail: string) => void,
  ): void {
    this.#resolve(destination).then(
      (address) => {
        if (!pipe.isActive) return;
        if (address === undefined)
          refuse('not-allowed', `${destination.host}:${destination.port}: no ipRules entry allows it`);
        else
          this.#sockets.serveAt(
            this.#target({ host: address, port: destination.port }),
            pipe,
            request,
            opened,
          );
      },
      (error: unknown) => refuse('unreachable', originFailure(error, destination.host, 'connect').detail),
    );
  }

  /** The first address of the destination that may be dialled. */
  async #resolve({ host, port }: Destination): Promise<string | undefined> {
    const found = isAddress(host) ? [{ address: host }] : await lookup(host, { all: true });
    return found.find(({ address }) => this.#policy.allows(address, port))?.address;
  }

  #target({ host, port }: Destination): OriginTarget {
    const { connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs } = this.#rule.originRequest;
    return { host, port, connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs, tls: undefined };
  }
}

function failureOf(reply: SocksReply, detail: string): ['origin-not-allowed' | 'origin-unreachable', string] {
  return [reply === 'not-allowed' ? 'origin-not-allowed' : 'origin-unreachable', detail];
}
