// The hostnames that the edge serves, as the certificates that are to be got for them: without those that have another
// certificate, or that nobody could vouch for, and with those below a wildcard route that a visitor has asked for.
import { matchesHostPattern } from '#base/net/hostname.ts';
import type { Log } from '#base/log.ts';
import { isNamedIn, wildcardOf } from '../certificate.ts';
import type { AcmeSettings } from './acme-settings.ts';
import { methodChoices, type MethodChoice, methodFault, type MethodFacts } from './method-choice.ts';
import type { NameUse } from './unused-certificates.ts';
import { certificateNameFor, isPublicName } from './wanted-names.ts';

export interface WantedHostnamesOptions {
  readonly settings: () => AcmeSettings;
  /** What can be done for a name. */
  readonly factsOf: (name: string) => MethodFacts;
  /** Whether another certificate is good for a hostname. */
  readonly hasOther: (hostname: string) => boolean;
  readonly log: Log;
}

/** Hostnames below wildcard routes that may get a certificate of their own when asked for, in an hour. */
const maxDemandsPerHour = 20;
const hourMs = 3_600_000;
/** Sentences that were said once; beyond, they may be said again. */
const maxTold = 2_000;

export class WantedHostnames {
  readonly #options: WantedHostnamesOptions;
  readonly #told = new Set<string>();
  /** Hostname to when it was asked for. */
  readonly #demanded = new Map<string, number>();
  #hostnames: readonly string[] = [];
  #names: ReadonlySet<string> = new Set();
  /** The hostnames, and the wildcards that they are below; undefined while nobody has said what is served. */
  #routed: ReadonlySet<string> | undefined;
  #awaited: readonly string[] = [];

  constructor(options: WantedHostnamesOptions) {
    this.#options = options;
  }

  /** The names that certificates are to have, most important first. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Follows the routes; `awaited` are patterns that connectors may yet claim, which have not published since the start. */
  serve(hostnames: readonly string[], awaited: readonly string[] = []): void {
    this.#hostnames = hostnames;
    this.#routed = new Set(hostnames.flatMap((hostname) => [hostname, wildcardOf(hostname)]));
    this.#awaited = awaited;
    this.rethink();
  }

  /** Computes the names anew, as settings or files may have changed. */
  rethink(): void {
    const names = new Set<string>();
    for (const hostname of [...this.#hostnames, ...this.#demanded.keys()]) {
      if (this.#options.hasOther(hostname)) continue;
      if (this.#canOrder(hostname)) names.add(this.#nameFor(hostname));
    }
    this.#names = names;
  }

  /** The name of the certificate that is being got for a hostname, undefined for none. */
  nameFor(serverName: string): string | undefined {
    if (this.#options.hasOther(serverName)) return undefined;
    return [serverName, wildcardOf(serverName)].find((name) => this.#names.has(name));
  }

  /** What a certificate's names are to the edge: the best that any of them is. */
  useOf(names: readonly string[]): NameUse {
    if (names.some((name) => this.#names.has(name) || this.#isBelowPattern(name))) return 'wanted';
    const routed = this.#routed;
    if (routed === undefined || names.some((name) => routed.has(name))) return 'routed';
    return names.some((name) => this.#awaited.some((pattern) => mayClaim(pattern, name)))
      ? 'awaited'
      : 'withdrawn';
  }

  /** Takes in a hostname below a wildcard route that a visitor asks for; false when it is none, or there were too many. */
  demand(serverName: string, nowMs: number): boolean {
    const { settings, hasOther } = this.#options;
    if (!settings().onDemand || hasOther(serverName) || this.nameFor(serverName) !== undefined) return false;
    if (!this.#isBelowPattern(serverName) || !this.#canOrder(serverName)) return false;
    this.forgetDemands(nowMs);
    if (this.#demanded.size >= maxDemandsPerHour) return false;
    this.#demanded.set(serverName, nowMs);
    this.rethink();
    return true;
  }

  /** A demand counts for an hour; what it has brought stays, and is renewed when somebody comes again. */
  forgetDemands(nowMs: number): void {
    const old = [...this.#demanded].filter(([, atMs]) => Math.abs(nowMs - atMs) > hourMs);
    for (const [name] of old) this.#demanded.delete(name);
    if (old.length > 0) this.rethink();
  }

  /** Methods that are possible for a name, best first. */
  methodsOf(name: string): MethodChoice[] {
    return methodChoices(name, this.#options.factsOf(name));
  }

  #isBelowPattern(serverName: string): boolean {
    return this.#hostnames.some((one) => one.startsWith('*.') && matchesHostPattern(one, serverName));
  }

  #nameFor(hostname: string): string {
    const { wildcards } = this.#options.settings();
    return certificateNameFor(hostname, (wildcard) => wildcards && this.methodsOf(wildcard).length > 0);
  }

  /** Why none is ordered for a hostname, with the cure; '' when some authority and some method fit. */
  whyNone(hostname: string): string {
    const { authorities } = this.#options.settings();
    if (authorities.length === 0) return 'No authority is set (acme in edge.yml), so nothing is ordered.';
    if (!isPublicName(hostname) && authorities.every(({ isPublic }) => isPublic)) {
      return `No public authority vouches for ${hostname}; the internal CA can (internalCa: true).`;
    }
    if (this.methodsOf(hostname).length > 0) return '';
    return `There will be no certificate for ${hostname}: ${methodFault(hostname, this.#options.factsOf(hostname))}.`;
  }

  /** Whether some authority and some method fit; says once why not. */
  #canOrder(hostname: string): boolean {
    const why = this.whyNone(hostname);
    if (why !== '' && this.#options.settings().authorities.length > 0) this.#tell(why);
    return why === '';
  }

  #tell(sentence: string): void {
    if (this.#told.has(sentence)) return;
    if (this.#told.size >= maxTold) this.#told.clear();
    this.#told.add(sentence);
    this.#options.log.info(sentence);
  }
}

/** Whether a route under the pattern could use a certificate with the name. */
function mayClaim(pattern: string, name: string): boolean {
  if (isNamedIn([name], pattern)) return true;
  return matchesHostPattern(pattern, name.replace(/^\*\./, 'x.'));
}
