// An edge with guarded routes in this very process: its clock, its keys and the picture of who is known are the test's own,
// and every line of its access log is there.
import { systemRandom } from '#base/random.ts';
import { AccessDesk, type AccessDeskOptions } from '#edge/access/visitors/access-desk.ts';
import { AssertionSigner } from '#edge/access/visitors/assertion.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { type AccessDirectory, emptyDirectory } from '#model/access/access-state.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { createRingSigner } from '#model/access/access-key-signer.ts';
import type { AccessKeyKind, AccessKeyRing } from '#model/access/access-keys.ts';
import { createPassTexts, type PassTexts } from '#model/access/access-pass.ts';
import { createPassage, type Passage } from '#model/access/sign-in-passage.ts';
import { firstRing, withNewKeys } from '#roles/access/access-key-drawing.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';

/** One hostname (several paths) to one service. */
export interface DeskHost {
  readonly hostname: string;
  readonly service: string;
  /** Policy by path; a path without one is public. */
  readonly paths: Readonly<Record<string, AccessPolicy>>;
}

export interface DeskWorld {
  readonly edge: EdgeWorld;
  readonly desk: AccessDesk;
  readonly passage: Passage;
  readonly passTexts: PassTexts;
  readonly keys: TestKeys;
  /** Of access only; the edge's own timers run by the system's. */
  readonly clock: FakeClock;
  /** A cookie as the edge makes it for this session at this hostname. */
  visit(host: string, sessionId: string, userId: string, issuedAtMs?: number): string;
}

/** The keys of the edge; the test may exchange them. */
export class TestKeys {
  ring: AccessKeyRing;

  constructor(ring: AccessKeyRing) {
    this.ring = ring;
  }

  /** A new key of each of these kinds, which signs from then on. */
  async add(kinds: readonly AccessKeyKind[], nowMs: number, signsFromMs = nowMs): Promise<void> {
    this.ring = await withNewKeys(this.ring, kinds, { random: systemRandom, nowMs, signsFromMs });
  }
}

/** A session of the user for a day. */
export function directoryOf(clock: FakeClock, names: readonly string[]): AccessDirectory {
  return {
    ...emptyDirectory,
    users: names.map((name) => ({ id: `id-${name}`, name, email: '', role: 'viewer', groups: ['family'] })),
    sessions: names.map((name) => ({
      id: `session-${name}`,
      userId: `id-${name}`,
      untilMs: clock.wallMs() + 86_400_000,
    })),
  };
}

/** Starts it; close its `edge` at the end. */
export async function startDeskWorld(
  hosts: readonly DeskHost[],
  more: Partial<AccessDeskOptions> = {},
): Promise<DeskWorld> {
  const clock = new FakeClock();
  const keys = new TestKeys(firstRing(systemRandom, clock.wallMs()));
  const signer = createRingSigner(
    () => keys.ring,
    () => clock.wallMs(),
  );
  const passage = createPassage(signer);
  const passTexts = createPassTexts(signer);
  const desk = new AccessDesk({
    ...{ clock, passage, random: systemRandom, assertions: new AssertionSigner(() => keys.ring) },
    dashboardUrl: () => 'https://sallyport.test',
    httpsPort: () => 443,
    passTexts,
    useShareLink: () => Promise.resolve(false),
    ...more,
  });
  const edge = await startEdgeWorld({
    hosts: hosts.map(({ hostname }) => hostname),
    ingress: hosts
      .map(({ hostname, service }) => `  - hostname: ${hostname}\n    service: ${service}`)
      .join('\n'),
    desk,
  });
  const routes = hosts.flatMap(({ hostname, paths }) =>
    Object.entries(paths).map(([path, access]): RouteEntry => ({
      ...routeOf(hostname, edge.credentials),
      path,
      access,
    })),
  );
  edge.apply({ routes });
  return {
    ...{ edge, desk, passage, passTexts, clock, keys },
    visit: (host, sessionId, userId, issuedAtMs = clock.wallMs()) =>
      `__Host-sallyport-visit=${passage.formatVisit({ host, sessionId, userId, issuedAtMs })}`,
  };
}
