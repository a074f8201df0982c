// What an importer gathers: tunnels with their rules, routes, ports, and whatever did not map, with its line and why. The result is a
// lab file that `sallyport diff` and `apply` read, checked by the schema they check with.
import { stringify } from 'yaml';
import { SallyportError } from '#base/errors.ts';
import { type Lab, labSchema } from '#model/lab.ts';
import { type PortSettings, portName } from '#model/port.ts';

/** Something that the lab file does not say, or says otherwise. */
export interface Unmapped {
  /** Where it stands in the source; 0 when it has no line. */
  readonly line: number;
  /** What it was, as written. */
  readonly what: string;
  /** Why it did not map, and what to do. */
  readonly why: string;
}

export interface Imported {
  readonly lab: Lab;
  readonly text: string;
  readonly unmapped: readonly Unmapped[];
}

export type DraftRoute = Omit<Partial<Lab['routes'][number]>, 'tunnel'> & {
  readonly hostname: string;
  readonly path: string;
};

/** A port with what is not the default. */
export type DraftPort = Pick<PortSettings, 'protocol' | 'port'> &
  Partial<Pick<PortSettings, 'proxyProtocol'>> & {
    /** Of TLS the server name; others get a name that only their rule has. */
    readonly hostname?: string;
    readonly service: string;
    readonly isEnabled?: boolean;
    readonly note?: string;
  };

/** An ingress rule of a tunnel. */
export interface DraftRule {
  readonly hostname?: string | undefined;
  /** RE2 pattern. */
  readonly path?: string | undefined;
  readonly service: string;
  readonly originRequest?: Readonly<Record<string, unknown>> | undefined;
}

export class LabDraft {
  readonly #routes: (DraftRoute & { tunnel: string })[] = [];
  readonly #ports: (Omit<DraftPort, 'service'> & { tunnel: string; hostname: string })[] = [];
  readonly #rules = new Map<string, DraftRule[]>();
  readonly #originRequests = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #unmapped: Unmapped[] = [];

  /** A route of a hostname and path; a second one for the same is reported, and the first stays. */
  route(tunnel: string, route: DraftRoute, line: number): void {
    this.#tunnel(tunnel);
    const taken = this.#routes.some(
      ({ hostname, path }) => hostname === route.hostname && path === route.path,
    );
    if (taken)
      return this.unmapped(line, `${route.hostname}${route.path}`, 'there is a route for it already');
    if (this.#ports.some(({ protocol, hostname }) => protocol === 'tls' && hostname === route.hostname))
      return this.unmapped(line, route.hostname, 'its TLS is passed on to another service already');
    this.#routes.push({ ...route, tunnel });
  }

  /** A port with its rule; one that is there already, or a name that has a route, is reported. */
  port(tunnel: string, { service, ...given }: DraftPort, line: number): void {
    const port = { ...given, hostname: given.hostname ?? `${given.protocol}-${given.port}.port` };
    const name = portName(port);
    if (this.#ports.some((each) => portName(each) === name))
      return this.unmapped(line, name, 'there is a port for it already');
    if (port.protocol === 'tls' && this.#routes.some(({ hostname }) => hostname === port.hostname))
      return this.unmapped(line, name, 'the hostname has a route already, whose TLS ends at the edge');
    this.#ports.push({ ...port, tunnel });
    this.rule(tunnel, { hostname: port.hostname, service });
  }

  rule(tunnel: string, rule: DraftRule): void {
    this.#tunnel(tunnel).push(rule);
  }

  /** Defaults of a tunnel's rules. */
  originRequest(tunnel: string, settings: Readonly<Record<string, unknown>>): void {
    this.#tunnel(tunnel);
    this.#originRequests.set(tunnel, settings);
  }

  unmapped(line: number, what: string, why: string): void {
    this.#unmapped.push({ line, what, why });
  }

  #tunnel(name: string): DraftRule[] {
    let rules = this.#rules.get(name);
    if (!rules) this.#rules.set(name, (rules = []));
    return rules;
  }

  /** @throws SallyportError 'invalid' when what was read makes no lab file */
  finish(source: string): Imported {
    const plain = {
      version: 1,
      tunnels: [...this.#rules].map(([name, rules]) => ({
        name,
        ...(this.#originRequests.has(name) ? { originRequest: this.#originRequests.get(name) } : {}),
        ingress: withCatchAll(rules).map(dropUndefined),
      })),
      routes: this.#routes.map(({ path, tunnel, hostname, ...rest }) =>
        dropUndefined({ hostname, ...(path === '/' ? {} : { path }), tunnel, ...rest }),
      ),
      ...(this.#ports.length === 0
        ? {}
        : {
            ports: this.#ports.map(({ protocol, port, hostname, tunnel, ...rest }) =>
              dropUndefined({ protocol, ...(port === 0 ? {} : { port }), hostname, tunnel, ...rest }),
            ),
          }),
    };
    const lab = labSchema.safeParse(plain);
    if (!lab.success) {
      const [issue] = lab.error.issues;
      throw new SallyportError(
        'invalid',
        `What ${source} says makes no lab file: ${issue!.path.join('.')} ${issue!.message}; change it there, or write the route by hand.`,
      );
    }
    const unmapped = this.#unmapped.toSorted((a, b) => a.line - b.line);
    const head = `# Imported from ${source}. "sallyport diff -f FILE" shows what it would change, "sallyport apply -f FILE" does it.\n`;
    return {
      lab: lab.data,
      text: head + stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true }),
      unmapped,
    };
  }
}

/** Rules with a path before those without, and the catch-all that every list ends with. */
function withCatchAll(rules: readonly DraftRule[]): DraftRule[] {
  const last = rules.at(-1);
  if (last && !last.hostname && !last.path) return [...rules];
  return [...rules, { service: 'http_status:404' }];
}

function dropUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

/** The pattern of an ingress rule for a path and all below it. */
export function patternBelow(path: string): string | undefined {
  if (path === '/') return undefined;
  return `^${path.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}(/|$)`;
}
