// A real edge and connector with a cache whose clock is moved by hand, in front of an origin that answers what a test says.
import { systemClock } from '#base/clock.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';
import { resolveCachePolicy, type CachePolicySettings } from '#model/routes/cache-policy.ts';
import {
  resolveCompressionPolicy,
  type CompressionPolicySettings,
} from '#model/routes/compression-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';
import { eventually } from '../support/eventually.ts';
import { openRaw, parseResponses, type RawConnection, type RawResponse } from '../support/raw-client.ts';
import { type Answer, RecordingOrigin, type RecordedRequest } from '../support/recording-origin.ts';

export interface CacheWorldOptions {
  readonly hosts?: readonly string[];
  readonly memoryBytes?: number;
  readonly maxObjectBytes?: number;
  /** Instead of one in memory whose clock is moved by hand. */
  readonly cache?: EdgeCache;
}

/** What a test asks. */
export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class CacheWorld {
  readonly origin: RecordingOrigin;
  readonly edge: EdgeWorld;
  readonly cache: EdgeCache;
  readonly #time: { shiftMs: number };

  constructor(parts: {
    origin: RecordingOrigin;
    edge: EdgeWorld;
    cache: EdgeCache;
    time: { shiftMs: number };
  }) {
    this.origin = parts.origin;
    this.edge = parts.edge;
    this.cache = parts.cache;
    this.#time = parts.time;
  }

  /** What the origin answers from now on; nothing it got or kept before counts any more. */
  async begin(answer: Answer, policy: CachePolicySettings | 'off' = {}): Promise<void> {
    await this.quiet();
    this.origin.answer = answer;
    this.origin.reset();
    await this.cache.purge({ kind: 'all' });
    this.setPolicy(policy);
  }

  /** Puts policies in force for all hosts; without a second one nothing is compressed. */
  setPolicy(policy: CachePolicySettings | 'off', compression?: CompressionPolicySettings): void {
    const routes = this.edge.snapshot.routes.map(({ hostname, path, tunnelId }): RouteEntry => ({
      ...{ hostname, path, tunnelId },
      cache: policy === 'off' ? undefined : resolveCachePolicy(policy),
      compression: compression && resolveCompressionPolicy(compression),
    }));
    this.edge.apply({ routes });
  }

  /** Lets time pass for the cache alone. */
  pass(seconds: number): void {
    this.#time.shiftMs += seconds * 1000;
  }

  /** Waits until nothing is under way in the background. */
  async quiet(): Promise<void> {
    await eventually('the cache asks nothing by itself', () => this.cache.refreshes === 0);
  }

  /** Requests that reached the origin, as `METHOD target`. */
  get asked(): string[] {
    return this.origin.requests.map(({ requestLine }) => requestLine.replace(/ HTTP.*/, ''));
  }

  get lastRequest(): RecordedRequest {
    return this.origin.requests.at(-1)!;
  }

  /** A connection that speaks plain HTTP to the edge. */
  open(): Promise<RawConnection> {
    return openRaw({ port: this.edge.plainPort });
  }

  /** Asks on a connection of its own. */
  async ask(path: string, asked: Asked = {}): Promise<RawResponse> {
    const client = await this.open();
    client.send(requestText(path, asked));
    const isHead = asked.method === 'HEAD';
    const answer = await eventually(
      `the answer to ${path}; so far ${JSON.stringify(client.text.slice(0, 300))}`,
      () => client.end !== 'open' && parseResponses(client.text, isHead).find(({ status }) => status >= 200),
    );
    client.close();
    return answer;
  }

  /** Asks and gives CF-Cache-Status and the body. */
  async see(path: string, asked: Asked = {}): Promise<string> {
    const { fields, body } = await this.ask(path, asked);
    return `${fields['cf-cache-status']} ${body}`;
  }

  async close(): Promise<void> {
    try {
      await this.edge.close();
    } finally {
      await this.cache.close();
      await this.origin.close();
    }
  }
}

/** A request's bytes; the connection closes after its answer. */
export function requestText(
  path: string,
  { method = 'GET', host = 'a.test', fields = {}, body }: Asked = {},
): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== undefined) lines.push(`Content-Length: ${body.length}\r\n`);
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines.join('')}\r\n${body ?? ''}`;
}

/** An answer's bytes. */
export function answerText(fields: Readonly<Record<string, string>>, body: string, status = 200): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** An origin whose every answer is another body (1, 2, 3...) with the same fields. */
export function counting(fields: Readonly<Record<string, string>>): Answer {
  let count = 0;
  return () => answerText(fields, String((count += 1)));
}

export async function startCacheWorld(options: CacheWorldOptions = {}): Promise<CacheWorld> {
  const hosts = options.hosts ?? ['a.test', 'b.test'];
  const time = { shiftMs: 0 };
  const clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + time.shiftMs,
    wallMs: () => systemClock.wallMs() + time.shiftMs,
  };
  const { memoryBytes = 64 << 20, maxObjectBytes = 8 << 20 } = options;
  const cache = options.cache ?? new EdgeCache({ clock, memoryBytes, maxObjectBytes });
  const origin = await RecordingOrigin.start();
  const ingress = hosts.map((host) => `  - hostname: ${host}\n    service: ${origin.url}`).join('\n');
  const edge = await startEdgeWorld({ ingress, hosts, cache });
  const world = new CacheWorld({ origin, edge, cache, time });
  world.setPolicy({});
  return world;
}

/** The route of a host, with a policy. */
export function cachedRoute(world: EdgeWorld, hostname: string, policy: CachePolicySettings): RouteEntry {
  return { ...routeOf(hostname, world.credentials), cache: resolveCachePolicy(policy) };
}
