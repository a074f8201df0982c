// Handlers of status, traffic, events, audit, settings, the lab and the backup.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Status, statusOperations } from '#api/status.ts';
import type { Clock } from '#base/clock.ts';
import type { HealthPart } from '#model/live/health.ts';
import type { LiveEvent } from '#model/live/live.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import { applyLab } from '../commands/lab-apply.ts';
import { exportLab } from '../lab-export.ts';
import { updateSettings } from '../commands/settings.ts';
import { type EventStream, writeEvents } from '../http/event-stream.ts';
import type { ControlEnd } from '../edge-view.ts';
import type { CallContext, Handlers, StreamWriter } from '../http/handler.ts';
import { exposures } from '../views/exposure.ts';
import type { Notifier } from '../notify/notifier.ts';
import {
  allTunnels,
  lookAt,
  type Sources,
  TunnelIndex,
  type ViewSources,
  viewTunnel,
} from '../views/tunnel-view.ts';
import { bySeverity, troublesOf } from '../views/troubles.ts';

export interface StatusSources extends Sources {
  readonly clock: Clock;
  /** Where a backup is written before it is sent. */
  readonly dataDir: string;
  /** How the control plane before this one ended, when it was not meant to. */
  readonly lastEnd: ControlEnd | undefined;
  /** Knows since when something is wrong, and what is wrong with channels. */
  readonly notifier: Pick<Notifier, 'withSince'>;
}

/** Makes them. */
export function statusHandlers(sources: StatusSources): Handlers<keyof typeof statusOperations> {
  const { control, edge, clock } = sources;
  return {
    getStatus: () => statusOf(sources),
    async getHealth({ query: { kind, state } }) {
      const health = await edge.health();
      const isWanted = (part: HealthPart): boolean =>
        (kind === undefined || part.kind === kind) && (state === undefined || part.state === state);
      return { ...health, parts: health.parts.filter(isWanted) };
    },
    getTraffic: ({ query }) => edge.traffic(query.span),
    streamEvents: () => (response, signal) =>
      writeEvents({ response, signal, clock }, (stream) => sendChanges(sources, stream)),
    async listAudit({ query: { before, after, search, cursor, noun, objectId, actorId, limit } }) {
      const page = await control.store.readAudit({
        limit,
        ...(noun === undefined ? {} : { noun }),
        ...(objectId === undefined ? {} : { objectId }),
        ...(actorId === undefined ? {} : { actorId }),
        ...(search === undefined ? {} : { text: search }),
        ...(cursor === undefined ? {} : { cursor }),
        ...(before === undefined ? {} : { beforeMs: before }),
        ...(after === undefined ? {} : { afterMs: after }),
      });
      return { items: page.events, nextCursor: page.nextCursor ?? null };
    },
    getSettings: () => settingsOf(control.state.settings),
    updateSettings: ({ body }, { caller }) => control.run(updateSettings(body), caller),
    getOpenApi: async () =>
      (await import('#api/openapi.json', { with: { type: 'json' } })).default as unknown as Record<
        string,
        never
      >,
    exportLab: () => ({ text: exportLab(control.state) }),
    planLab({ body: { text, prune } }, { caller, identity: { scopes } }) {
      return control.preview(applyLab(text, { prune, scopes, isPlan: true }), caller).result;
    },
    applyLab({ body: { text, prune, revision } }, { caller, identity: { scopes } }) {
      return control.run(applyLab(text, { prune, revision, scopes, isPlan: false }), caller);
    },
    downloadBackup: (_input, context) => sendBackup(sources, context),
  };
}

/** The settings without what the store adds. */
function settingsOf(stored: Settings): Settings {
  const { id: _id, ...settings } = stored as Settings & { readonly id?: string };
  return settingsSchema.parse(settings);
}

/** How the edge is. */
export async function statusOf(both: StatusSources): Promise<Status> {
  const { control } = both;
  const sources = await lookAt(both);
  const { facts, look } = sources;
  const index = new TunnelIndex(sources);
  const tunnels = allTunnels(sources).map((found) => viewTunnel(sources, found, index));
  const exposed = exposures(sources);
  return {
    name: facts.name,
    title: control.state.settings.title,
    version: facts.version,
    startedAtMs: facts.startedAtMs,
    nowMs: control.nowMs(),
    revision: control.state.revision,
    store: {
      kind: control.store.kind,
      isAvailable: control.storeTrouble === '',
      detail: control.storeTrouble,
    },
    listeners: [...look.listeners],
    counts: {
      tunnels: tunnels.length,
      tunnelsUp: tunnels.filter(({ status }) => status === 'healthy' || status === 'degraded').length,
      connectors: tunnels.reduce((sum, { connectors }) => sum + connectors, 0),
      connections: tunnels.reduce((sum, { connections }) => sum + connections, 0),
      routes: control.state.routes.size + control.declared.routes.length + look.claims.length,
      exposed: exposed.length,
    },
    health: look.health ?? { down: 0, degraded: 0, unknown: 0, ok: 0 },
    memory: look.memory,
    edgeAddress: facts.edgeAddress,
    troubles: bySeverity(both.notifier.withSince(troublesNow(both, sources))),
  };
}

/** Everything that is wrong, at a look that was taken. */
export function troublesNow(
  { control, lastEnd }: Pick<StatusSources, 'control' | 'lastEnd'>,
  sources: ViewSources,
): Trouble[] {
  return troublesOf(sources, { store: control.storeTrouble, lastEnd, nowMs: control.nowMs() });
}

/** Tells a stream of every change, as the edge's events and the state's revisions come. */
function sendChanges({ control, edge }: Sources, stream: EventStream): () => void {
  const send = (event: LiveEvent): void => stream.send(event.kind, event);
  const stopEvents = edge.onEvent(send);
  const stopStates = control.subscribe(({ revision }) =>
    send({ kind: 'revision', atMs: control.nowMs(), revision }),
  );
  return () => {
    stopEvents();
    stopStates();
  };
}

async function sendBackup(sources: StatusSources, { caller }: CallContext): Promise<StreamWriter> {
  const { control, dataDir } = sources;
  const folder = await mkdtemp(join(dataDir, 'backup-'));
  const file = join(folder, 'backup');
  try {
    await control.store.backup(file);
    const { size } = await stat(file);
    const day = new Date(control.nowMs()).toISOString().slice(0, 10);
    await control.note(
      {
        action: 'downloaded',
        noun: 'backup',
        objectId: day,
        objectName: day,
        before: null,
        after: { bytes: size },
      },
      caller,
    );
    return async (response, signal) => {
      try {
        response.writeHead(200, {
          'Content-Length': size,
          'Content-Disposition': `attachment; filename="sallyport-${day}.backup"`,
        });
        await pipeline(createReadStream(file), response, { signal });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
