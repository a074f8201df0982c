// What of the configuration the edge serves from: tunnels with their keys and rules, and routes. It goes to the edge with
// every change, and to a file beside the store, from which an edge starts when its store cannot be reached.
import { z } from 'zod';
import { type AccessPolicy, accessPolicySchema } from '#model/access/access-policy.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import { portName, type PortSettings, portSettingsOf, portShape } from '#model/port.ts';
import { routeName } from '#model/routes/route.ts';
import { normalSteps, type RouteSteps, routeStepsShape } from '#model/routes/route-steps.ts';
import type { Declared } from './command.ts';
import type { ControlState } from './control-state.ts';

/** A route as it is served, its steps as their owner wrote them. */
export interface ServedRoute extends RouteSteps {
  readonly hostname: string;
  readonly path: string;
  readonly tunnelId: string;
  /** Absent: everybody may. */
  readonly access?: AccessPolicy | undefined;
}

/** A port as it is served. */
export type ServedPort = PortSettings & { readonly tunnelId: string };

/** The part of an EdgeSnapshot that changes at run time. */
export interface Served {
  readonly revision: number;
  readonly tunnels: readonly TunnelEntry[];
  readonly routes: readonly ServedRoute[];
  /** Absent: none. */
  readonly ports?: readonly ServedPort[] | undefined;
}

/** Stored and declared objects together; where both have one, edge.yml's counts. */
export function servedBy(state: ControlState, declared: Declared): Served {
  const tunnelIds = new Set(declared.tunnels.map(({ id }) => id));
  const portNames = new Set((declared.ports ?? []).map(portName));
  const routeNames = new Set(declared.routes.map(routeName));
  return {
    revision: state.revision,
    tunnels: [
      ...declared.tunnels,
      ...[...state.tunnels.values()]
        .filter(({ id }) => !tunnelIds.has(id))
        .map(({ id, name, keys, hostnames, management, access }): TunnelEntry => {
          const rules = management === 'remote' ? state.ruleSets.get(id) : undefined;
          return {
            id,
            name,
            hostnames,
            ...(access === 'public' ? {} : { access }),
            publicKeys: keys.map(({ publicKey }) => new Uint8Array(Buffer.from(publicKey, 'base64'))),
            ...(rules ? { config: { version: rules.version, text: rules.text } } : {}),
          };
        }),
    ],
    routes: [
      ...declared.routes,
      ...[...state.routes.values()]
        .filter((route) => route.isEnabled && !routeNames.has(routeName(route)))
        .map(({ hostname, path, tunnelId, access, ...steps }) => ({
          hostname,
          path,
          tunnelId,
          ...(access === 'public' ? {} : { access }),
          ...normalSteps(steps),
        })),
    ],
    ports: [
      ...(declared.ports ?? []),
      ...[...state.ports.values()]
        .filter((port) => port.isEnabled && !portNames.has(portName(port)))
        .map((port) => ({ ...portSettingsOf(port), tunnelId: port.tunnelId })),
    ],
  };
}

const servedSchema = z.object({
  revision: z.int(),
  tunnels: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      hostnames: z.array(z.string()),
      access: accessPolicySchema.optional(),
      publicKeys: z.array(
        z
          .string()
          .length(44)
          .transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
      ),
      config: z.object({ version: z.int(), text: z.string() }).optional(),
    }),
  ),
  routes: z.array(
    z.object({
      hostname: z.string(),
      path: z.string(),
      tunnelId: z.string(),
      access: accessPolicySchema.optional(),
      ...routeStepsShape,
    }),
  ),
  ports: z.array(z.object({ ...portShape, tunnelId: z.string() })).default([]),
});

/** As text for the file. It holds public keys only. */
export function formatServed(served: Served): string {
  return JSON.stringify(served, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
}

/** Reads the text back; undefined when it is not whole. */
export function parseServed(text: string): Served | undefined {
  try {
    return servedSchema.parse(JSON.parse(text)) as Served;
  } catch {
    return undefined;
  }
}
