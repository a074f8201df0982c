// Browsers that have signed in. A session is found by its cookie at every request, in the store, so that one that was ended
// is ended everywhere at once. It ends by not being used, by age, with its user, or by hand; a change of address does not
// end it, since phones change theirs all day.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import type { Session, SignInMethod } from '#model/users/session.ts';
import type { Settings } from '#model/setting.ts';
import type { Store } from '#store/store.ts';
import type { ApiRequest } from '../../http/handler.ts';
import { createSecret, hashSecret } from '../proofs/secret.ts';
import { type DashboardPlace, formatCookie, readCookie, sessionCookie } from './session-cookie.ts';

export interface SessionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => Settings;
  readonly place: () => DashboardPlace;
}

/** A session that was just made, and the Set-Cookie value that hands it to the browser. */
export interface StartedSession {
  readonly session: Session;
  readonly setCookie: string;
}

/** Sessions of one user; the oldest go when there are more. */
const maxSessionsOfUser = 50;
/** "Last seen" is written at most this often for a session. */
const touchedEveryMs = 60_000;

export class Sessions {
  readonly #options: SessionsOptions;
  /** Hashes of sessions that are being marked: a page sends ten requests at once. */
  readonly #touching = new Set<string>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Signs a browser in, always with a new cookie: one that it brought along counts for nothing. */
  async start(userId: string, method: SignInMethod, request: ApiRequest): Promise<StartedSession> {
    const { store, clock, random, settings, place } = this.#options;
    const now = clock.wallMs();
    const secret = createSecret(random);
    const { sessionMaxMs } = settings();
    const session: Session = {
      id: createUuid(random),
      hash: hashSecret(secret),
      userId,
      method,
      address: request.address.slice(0, 64),
      userAgent: request.header('user-agent').slice(0, 300),
      createdAtMs: now,
      lastSeenAtMs: now,
      expiresAtMs: now + sessionMaxMs,
    };
    await store.putSession(session);
    for (const { id } of (await this.list(userId)).slice(maxSessionsOfUser)) await store.endSession(id);
    const setCookie = formatCookie(place(), sessionCookie, { value: secret, maxAgeMs: sessionMaxMs });
    return { session, setCookie };
  }

  /** The session of a Cookie field, if it names one that is valid. */
  async find(cookieField: string): Promise<Session | undefined> {
    const secret = readCookie(this.#options.place(), sessionCookie, cookieField);
    if (secret === undefined) return undefined;
    const session = await this.#options.store.findSession(hashSecret(secret));
    return session !== undefined && this.#isAlive(session) ? session : undefined;
  }

  /** Notes that a session is in use, once a minute. */
  async touch({ hash, lastSeenAtMs }: Session): Promise<void> {
    const now = this.#options.clock.wallMs();
    if (now - lastSeenAtMs < touchedEveryMs || this.#touching.has(hash)) return;
    this.#touching.add(hash);
    try {
      await this.#options.store.touchSession(hash, now);
    } finally {
      this.#touching.delete(hash);
    }
  }

  /** Those of a user that are alive, newest first. */
  async list(userId: string): Promise<Session[]> {
    const { store, clock } = this.#options;
    return (await store.listSessions(userId, clock.wallMs())).filter((session) => this.#isAlive(session));
  }

  /** Those of all users that are alive, each with the time at which it ends unless it is used. */
  async listAll(): Promise<{ readonly session: Session; readonly untilMs: number }[]> {
    const { store, clock } = this.#options;
    const sessions = await store.listSessions(undefined, clock.wallMs());
    return sessions
      .map((session) => ({ session, untilMs: this.#endOf(session) }))
      .filter(({ untilMs }) => clock.wallMs() < untilMs);
  }

  /** Takes the cookie back. */
  get clearingCookie(): string {
    return formatCookie(this.#options.place(), sessionCookie, { value: '', maxAgeMs: 0 });
  }

  /** Settings count from the moment they are changed, also for sessions that were there before. */
  #isAlive(session: Session): boolean {
    return this.#options.clock.wallMs() < this.#endOf(session);
  }

  #endOf({ createdAtMs, lastSeenAtMs, expiresAtMs }: Session): number {
    const { sessionIdleMs, sessionMaxMs } = this.#options.settings();
    return Math.min(expiresAtMs, createdAtMs + sessionMaxMs, lastSeenAtMs + sessionIdleMs);
  }
}
