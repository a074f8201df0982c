// The parts that all handlers of signing in share, made once from what the edge passes in.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { MailOutbox } from '#base/mail/mail-outbox.ts';
import type { Random } from '#base/random.ts';
import type { OidcIssuer } from '#model/access/oidc-issuer.ts';
import type { Passage } from '#model/access/sign-in-passage.ts';
import type { Control } from '../control.ts';
import type { Seal } from '../seal.ts';
import { AttemptLimits, openingRules, signInRules } from '#base/secrets/attempt-limits.ts';
import { FailedSignIns } from './failed-sign-ins.ts';
import { IssuerClients } from './proofs/issuer-client.ts';
import { LastUses } from './accounts/last-uses.ts';
import { OneTimeLinks } from './links/one-time-links.ts';
import type { HashCost } from '#base/secrets/password-hash.ts';
import { Passwords } from './proofs/passwords.ts';
import { type DashboardPlace, dashboardPlace } from './sessions/session-cookie.ts';
import { Sessions } from './sessions/sessions.ts';

/** What visitors of protected sites are led here and back with. */
export interface VisitorOptions {
  readonly passage: Passage;
  /** Port of public https URLs. */
  readonly httpsPort: () => number;
  /** Resolves once the edge knows whoever is signed in now. */
  readonly announced: () => Promise<void>;
}

export interface SignInOptions {
  readonly control: Control;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For TOTP secrets and what an issuer is asked with. */
  readonly seal: Seal;
  /** Where browsers find the dashboard: `https://sallyport.example.com`, with its base path if it has one. */
  readonly dashboardUrl: () => string;
  /** What the edge is called, shown with every change: its hostname. */
  readonly edgeName: () => string;
  /** OpenID Connect issuers; absent where there are none. */
  readonly oidc?: {
    /** As edge.yml lists them now. */
    readonly issuers: () => readonly OidcIssuer[];
    /** Reads a client secret (base/secrets/secret-file.ts); at each sign-in, so that a new one needs no restart. */
    readonly readSecretFile: (file: string, what: string) => Promise<string>;
  };
  /** Where mails go out; absent where none do. */
  readonly outbox?: MailOutbox;
  /** Visitors of protected sites; absent where nobody is served. */
  readonly visitors?: VisitorOptions;
  /** What hashing a password costs; tests take less. */
  readonly hashCost?: HashCost;
}

/** What was made of them. */
export interface SignInParts extends SignInOptions {
  readonly place: () => DashboardPlace;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly limits: AttemptLimits;
  /** How often anybody may begin what makes a ticket. */
  readonly openings: AttemptLimits;
  readonly failures: FailedSignIns;
  readonly links: OneTimeLinks;
  readonly issuers: IssuerClients | undefined;
  readonly lastUses: LastUses;
}

/** Makes them. */
export function createSignInParts(options: SignInOptions): SignInParts {
  const { control, clock, random, log, dashboardUrl, oidc, hashCost } = options;
  const { store } = control;
  const place = (): DashboardPlace => dashboardPlace(dashboardUrl());
  return {
    ...options,
    place,
    sessions: new Sessions({ store, clock, random, place, settings: () => control.state.settings }),
    passwords: new Passwords({ random, ...(hashCost ? { cost: hashCost } : {}) }),
    limits: new AttemptLimits(clock, signInRules),
    openings: new AttemptLimits(clock, openingRules),
    failures: new FailedSignIns({ control, clock, log }),
    issuers: oidc && new IssuerClients({ clock, readSecretFile: oidc.readSecretFile }),
    links: new OneTimeLinks({ store, clock, random, dashboardUrl }),
    lastUses: new LastUses({ store, clock, log }),
  };
}
