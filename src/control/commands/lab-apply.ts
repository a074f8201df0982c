// Bringing a lab file about: what is missing is made, what differs is changed, and, with `prune`, what the file does not
// have is removed. One command, so that all of it happens or nothing; a plan is the same command on a draft that is thrown
// away.
import { LineCounter, parseDocument, stringify } from 'yaml';
import { SallyportError } from '#base/errors.ts';
import { type Lab, type LabPlan, labSchema, type LabStep } from '#model/lab.ts';
import { portName, portSettingsOf } from '#model/port.ts';
import { routeName } from '#model/routes/route.ts';
import { comparedSteps, normalSteps } from '#model/routes/route-steps.ts';
import type { Scope } from '#model/users/role.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';
import type { Settings } from '#model/setting.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { Command, CommandContext } from '../command.ts';
import type { Draft } from '../draft.ts';
import { rulesOf } from '../lab-export.ts';
import { createPort, deletePort, updatePort } from './ports.ts';
import { createRoute, deleteRoute, updateRoute } from './routes.ts';
import { putRules } from './rule-sets.ts';
import { updateSettings } from './settings.ts';
import { createTunnel, deleteTunnel, updateTunnel } from './tunnels.ts';

export interface ApplyOptions {
  readonly prune: boolean;
  /** What whoever applies it may do; a file is no way around it. */
  readonly scopes: ReadonlySet<Scope>;
  /** A plan shows no tokens. */
  readonly isPlan: boolean;
  /** Revision of the plan that was looked at; another is refused. */
  readonly revision?: number | undefined;
}

/** Applies the text of a lab file. @throws SallyportError 'config-invalid' with faults by line */
export function applyLab(text: string, options: ApplyOptions): Command<LabPlan> {
  const lab = parseLab(text);
  return (draft, context) => {
    if (options.revision !== undefined && options.revision !== draft.base.revision) {
      throw new SallyportError(
        'precondition-failed',
        'The edge has changed since the plan was made; look at a new plan first.',
      );
    }
    return new Application(draft, context, options).apply(lab);
  };
}

/** Reads a lab file. @throws SallyportError 'config-invalid' */
export function parseLab(text: string): Lab {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken) {
    throw invalid([
      { path: `line ${lines.linePos(broken.pos[0]).line}`, message: broken.message.split('\n')[0]! },
    ]);
  }
  const result = labSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (result.success) return result.data;
  throw invalid(
    plainIssues(result.error.issues)
      .slice(0, 50)
      .map((issue) => ({
        path: `line ${lineOf(document, lines, issue.path)}`,
        message: `${issue.path.join('.')}: ${faultText(issue)}`,
      })),
  );
}

function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as
      | { range?: readonly number[] | null }
      | undefined;
    if (node?.range) return lines.linePos(node.range[0]!).line;
  }
  return 1;
}

function invalid(faults: readonly { readonly path: string; readonly message: string }[]): SallyportError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new SallyportError(
    'config-invalid',
    `The lab file cannot be used: ${first!.path}: ${first!.message}${more}.`,
    { facts: { faults } },
  );
}

class Application {
  readonly #draft: Draft;
  readonly #context: CommandContext;
  readonly #options: ApplyOptions;
  readonly #steps: LabStep[] = [];
  readonly #unlisted: { noun: string; name: string }[] = [];
  readonly #tokens: { tunnel: string; token: string }[] = [];

  constructor(draft: Draft, context: CommandContext, options: ApplyOptions) {
    this.#draft = draft;
    this.#context = context;
    this.#options = options;
  }

  apply(lab: Lab): LabPlan {
    for (const tunnel of lab.tunnels) this.#applyTunnel(tunnel);
    // What goes makes room first: a hostname may move from one route to another.
    this.#pruneRoutes(lab);
    this.#prunePorts(lab);
    for (const route of lab.routes) this.#applyRoute(route);
    for (const port of lab.ports) this.#applyPort(port);
    this.#pruneTunnels(lab);
    for (const user of lab.users ?? []) this.#applyUser(user);
    if (lab.settings) this.#applySettings(lab.settings as Partial<Settings>);
    return {
      revision: this.#draft.base.revision,
      steps: this.#steps,
      unlisted: this.#unlisted,
      tokens: this.#options.isPlan ? [] : this.#tokens,
    };
  }

  #applyTunnel(wanted: Lab['tunnels'][number]): void {
    const { name, management, hostnames, access, note } = wanted;
    const present = this.#draft.findTunnel(name);
    if (!present) {
      const { token } = createTunnel({ name, management, hostnames, access, note })(
        this.#draft,
        this.#context,
      );
      if (token) this.#tokens.push({ tunnel: name, token });
      this.#step('create', 'tunnel', name, []);
    } else {
      this.#change('tunnel', name, present, { management, hostnames, access, note }, (change) =>
        updateTunnel(present.id, change)(this.#draft, this.#context),
      );
    }
    if (wanted.ingress) this.#applyRules(this.#draft.findTunnel(name)!, wanted);
  }

  #applyRules(tunnel: Tunnel, wanted: Lab['tunnels'][number]): void {
    const present = rulesOf(this.#draft.get('ruleSet', tunnel.id)?.text);
    const rules = {
      ingress: wanted.ingress,
      ...(wanted.originRequest ? { originRequest: wanted.originRequest } : {}),
    };
    if (JSON.stringify(present) === JSON.stringify(rules)) return;
    putRules(tunnel.id, stringify(rules, { lineWidth: 0 }))(this.#draft, this.#context);
    this.#step('change', 'rule-set', tunnel.name, [
      { key: 'ingress', from: stringify(present), to: stringify(rules) },
    ]);
  }

  #applyRoute(wanted: Lab['routes'][number]): void {
    const name = routeName(wanted);
    const present = this.#draft.findRoute(name);
    const { hostname, path, tunnel, access, isEnabled, note } = wanted;
    if (!present) {
      createRoute({ hostname, path, tunnel, access, isEnabled, note, ...normalSteps(wanted) })(
        this.#draft,
        this.#context,
      );
      return this.#step('create', 'route', name, []);
    }
    const before = {
      tunnel: this.#draft.get('tunnel', present.tunnelId)?.name ?? present.tunnelId,
      access: present.access,
      isEnabled: present.isEnabled,
      note: present.note,
      ...comparedSteps(present),
    };
    const after = { tunnel, access, isEnabled, note, ...comparedSteps(wanted) };
    this.#change('route', name, before, after, (change) =>
      updateRoute(present.id, change)(this.#draft, this.#context),
    );
  }

  #applyPort(wanted: Lab['ports'][number]): void {
    const name = portName(wanted);
    const present = this.#draft.list('port').find((port) => portName(port) === name);
    const { tunnel, isEnabled, note } = wanted;
    const { protocol: _protocol, port: _port, ...settings } = portSettingsOf(wanted);
    if (!present) {
      createPort({ ...portSettingsOf(wanted), tunnel, isEnabled, note })(this.#draft, this.#context);
      return this.#step('create', 'port', name, []);
    }
    const before = {
      ...portSettingsOf(present),
      idleSeconds: present.idleSeconds ?? null,
      tunnel: this.#draft.get('tunnel', present.tunnelId)?.name ?? present.tunnelId,
      isEnabled: present.isEnabled,
      note: present.note,
    };
    const after = { ...settings, idleSeconds: settings.idleSeconds ?? null, tunnel, isEnabled, note };
    this.#change('port', name, before, after, (change) =>
      updatePort(present.id, change)(this.#draft, this.#context),
    );
  }

  #prunePorts(lab: Lab): void {
    const listed = new Set(lab.ports.map(portName));
    for (const port of this.#draft.list('port')) {
      const name = portName(port);
      if (listed.has(name)) continue;
      if (!this.#options.prune) this.#unlisted.push({ noun: 'port', name });
      else {
        deletePort(port.id)(this.#draft, this.#context);
        this.#step('delete', 'port', name, []);
      }
    }
  }

  /** Names and addresses of users that exist; people are invited, not declared, so that nobody gets in by a file. */
  #applyUser(wanted: NonNullable<Lab['users']>[number]): void {
    const present = this.#draft.findUser(wanted.name);
    if (!present) {
      this.#unlisted.push({ noun: 'user to invite', name: wanted.name });
      return;
    }
    const { email, displayName, groups } = wanted;
    this.#change('user', wanted.name, present, { email, displayName, groups }, (change) => {
      this.#require('users:write', 'change users');
      this.#draft.put('user', { ...present, ...change, version: present.version + 1 }, 'changed');
    });
  }

  #applySettings(wanted: Partial<Settings>): void {
    this.#change('setting', 'settings', this.#draft.settings, wanted, (change) => {
      this.#require('settings:write', 'change settings');
      updateSettings(change)(this.#draft, this.#context);
    });
  }

  #pruneRoutes(lab: Lab): void {
    const listed = new Set(lab.routes.map(routeName));
    for (const route of this.#draft.list('route')) {
      const name = routeName(route);
      if (listed.has(name)) continue;
      if (!this.#options.prune) this.#unlisted.push({ noun: 'route', name });
      else {
        deleteRoute(route.id)(this.#draft, this.#context);
        this.#step('delete', 'route', name, []);
      }
    }
  }

  #pruneTunnels(lab: Lab): void {
    const listed = new Set(lab.tunnels.map(({ name }) => name.toLowerCase()));
    for (const { id, name } of this.#draft.list('tunnel')) {
      if (listed.has(name.toLowerCase())) continue;
      if (!this.#options.prune) this.#unlisted.push({ noun: 'tunnel', name });
      else {
        deleteTunnel(id, { force: false, liveConnectors: [] })(this.#draft, this.#context);
        this.#step('delete', 'tunnel', name, []);
      }
    }
  }

  /** Changes an object where it differs; equal ones make no step. */
  #change<W extends object>(
    noun: LabStep['noun'],
    name: string,
    present: Readonly<Record<string, unknown>> | object,
    wanted: W,
    change: (difference: Partial<W>) => unknown,
  ): void {
    const before = present as Readonly<Record<string, unknown>>;
    const differing = Object.entries(wanted).filter(
      ([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value),
    );
    if (differing.length === 0) return;
    change(Object.fromEntries(differing) as Partial<W>);
    const changes = differing.map(([key, value]) => ({ key, from: shown(before[key]), to: shown(value) }));
    this.#step('change', noun, name, changes);
  }

  #require(scope: Scope, what: string): void {
    if (this.#options.scopes.has(scope)) return;
    throw new SallyportError(
      'forbidden',
      `This lab file would ${what}, which ${this.#context.actor.name} may not do; leave that part out.`,
    );
  }

  #step(action: LabStep['action'], noun: LabStep['noun'], name: string, changes: LabStep['changes']): void {
    this.#steps.push({ action, noun, name, changes });
  }
}

function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
