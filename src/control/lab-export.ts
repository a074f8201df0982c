// The whole lab as one text: what `export` prints. It names things by their names, holds no secrets, and applied to the edge
// it came from changes nothing.
import { parse, stringify } from 'yaml';
import { emptyRuleSetText } from '#model/ingress/rule-set.ts';
import type { Lab } from '#model/lab.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import { shortSteps } from '#model/routes/route-steps.ts';
import { portName, shortPort } from '#model/port.ts';
import type { ControlState } from './control-state.ts';

/** The text of a state, sorted by name so that two exports can be compared line by line. */
export function exportLab(state: ControlState): string {
  const head = `# The lab as Sallyport has it at revision ${state.revision}. Change it, see what would happen with "sallyport diff -f FILE",
# and bring it about with "sallyport apply -f FILE". It holds no secrets; tunnels keep theirs.
`;
  return head + stringify(labOf(state), { lineWidth: 0 });
}

/** A state in the form of a lab file; defaults are left out. */
export function labOf(state: ControlState): Partial<Lab> {
  const nameOf = (tunnelId: string): string => state.tunnels.get(tunnelId)?.name ?? tunnelId;
  return {
    version: 1,
    tunnels: byName([...state.tunnels.values()], ({ name }) => name).map(
      ({ id, name, management, hostnames, access, note }) =>
        withoutDefaults({
          name,
          management,
          hostnames,
          access: access === 'public' ? undefined : access,
          note,
          ...(management === 'remote' ? rulesOf(state.ruleSets.get(id)?.text) : {}),
        }) as Lab['tunnels'][number],
    ),
    routes: byName([...state.routes.values()], ({ hostname, path }) => `${hostname}${path}`).map(
      ({ hostname, path, tunnelId, access, isEnabled, note, ...steps }) =>
        withoutDefaults({
          hostname,
          path: path === '/' ? undefined : path,
          tunnel: nameOf(tunnelId),
          access: access === 'public' ? undefined : access,
          isEnabled: isEnabled ? undefined : false,
          note,
          ...shortSteps(steps),
        }) as Lab['routes'][number],
    ),
    ports: byName([...state.ports.values()], portName).map(
      ({ tunnelId, isEnabled, note, ...port }) =>
        withoutDefaults({
          ...shortPort(port),
          tunnel: nameOf(tunnelId),
          isEnabled: isEnabled ? undefined : false,
          note,
        }) as Lab['ports'][number],
    ),
    users: byName([...state.users.values()], ({ name }) => name).map(
      ({ name, email, displayName, role, groups }) =>
        withoutDefaults({ name, email: email ?? undefined, displayName, role, groups }) as NonNullable<
          Lab['users']
        >[number],
    ),
    ...settingsThatDiffer(state.settings),
  };
}

/** `ingress` and `originRequest` of a rule set. */
export function rulesOf(
  text: string = emptyRuleSetText,
): Pick<Lab['tunnels'][number], 'ingress' | 'originRequest'> {
  const { ingress, originRequest } = parse(text) as Lab['tunnels'][number];
  return { ...(ingress ? { ingress } : {}), ...(originRequest ? { originRequest } : {}) };
}

function byName<T>(items: readonly T[], name: (item: T) => string): T[] {
  return [...items].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

function withoutDefaults(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, each]) => each !== undefined && each !== '' && !(Array.isArray(each) && each.length === 0),
    ),
  );
}

function settingsThatDiffer(settings: Settings): Pick<Partial<Lab>, 'settings'> {
  const defaults = settingsSchema.parse({});
  const differing = Object.entries(settings).filter(
    ([key, value]) => key in defaults && defaults[key as keyof Settings] !== value,
  );
  return differing.length > 0 ? { settings: Object.fromEntries(differing) } : {};
}
