// What a connector tells its edge of its ingress rules (RULES frame): enough to match a request and to speak to the
// origin properly, nothing more. Addresses of the home network stay at home, except as the text shown to the owner.
import { z } from 'zod';

/** How the edge must speak on a stream opened for the rule. */
export const originProtocols = ['http1', 'h2', 'tcp', 'bastion', 'socks'] as const;

export const publishedRuleSchema = z.object({
  /** Lower-case hostname, `*.suffix`, or '' for every host. */
  hostname: z.string().max(253),
  /** RE2 source matched unanchored against the decoded path, or ''. */
  path: z.string().max(4096),
  /** The service as the operator wrote it, for display and logs. */
  service: z.string().max(4096),
  protocol: z.enum(originProtocols),
  /**
   * True: a tcp service that takes datagrams, framed on the stream. A key of its own, because an edge of an older version
   * refuses protocols that it does not know, and skips keys.
   */
  isDatagram: z.boolean().optional(),
  /** Scheme that the origin sees; also for `X-Forwarded-Proto`-less origins' absolute URLs. */
  isTls: z.boolean(),
  /** Replaces Host when not ''; the original goes to X-Forwarded-Host. */
  hostHeader: z.string().max(253),
  /** False: request bodies of unknown length must not be sent chunked (WSGI). */
  allowsChunked: z.boolean(),
  /** True: the stream's TLS server name follows the request's host, so streams are pooled per host. */
  followsHost: z.boolean(),
  /** True: the origin learns the client address by PROXY protocol, so a stream serves one client only. */
  isPerClient: z.boolean(),
  /** True: rule carries `access.required`; the edge refuses requests it cannot vouch for. */
  requiresAccess: z.boolean(),
  /** Audiences that `access.audTag` names, of which the visitor's must be one; absent: any. Older edges skip the key. */
  audiences: z.array(z.string().max(200)).max(100).optional(),
  /** How many idle streams the edge may keep, and how long (milliseconds). */
  keepAliveConnections: z.number().int().min(0).max(100_000),
  keepAliveTimeoutMs: z.number().int().min(0),
});

/** All rules of a connector, in order; the first that matches wins, the last matches everything. */
export const publishedRulesSchema = z.object({
  /** Grows with every change at this connector; OPEN names it so that a stale match is refused. */
  version: z.number().int().min(1).max(0xffff_ffff),
  rules: z.array(publishedRuleSchema).max(10_000),
});

export type PublishedRule = z.infer<typeof publishedRuleSchema>;
export type PublishedRules = z.infer<typeof publishedRulesSchema>;

/** A rule that says nothing else: every request, by HTTP/1.1 in clear, as many idle streams as cloudflared keeps. */
export const plainRule: PublishedRule = {
  hostname: '',
  path: '',
  service: '',
  protocol: 'http1',
  isTls: false,
  hostHeader: '',
  allowsChunked: true,
  followsHost: false,
  isPerClient: false,
  requiresAccess: false,
  keepAliveConnections: 100,
  keepAliveTimeoutMs: 90_000,
};
