// Everything by which an edge can be watched, put together: traffic, connectors, events, and the view that reads them.
// The data path only adds to it; nothing in the data path depends on what it says.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import { ConfigPusher } from '../tunnels/config-pusher.ts';
import { ConnectorList } from '../tunnels/connector-list.ts';
import { LimitLog } from './limit-log.ts';
import { LiveEvents } from './live-events.ts';
import { type LiveView, liveView } from './live-view.ts';
import { RequestLog } from '../logs/request-log.ts';
import { Traffic } from './traffic.ts';

/** Access log lines kept in memory: 2 MB or so. */
const recentRequests = 5_000;

export interface ObservationOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly snapshot: EdgeSnapshot;
  readonly activeRequests: () => number;
  /** Makes the access log hand over what it has gathered. */
  readonly flushLog: () => void;
}

export class Observation {
  readonly traffic: Traffic;
  readonly events: LiveEvents;
  readonly connectors: ConnectorList;
  /** Where connectors stand with rules that the edge keeps. */
  readonly configs: ConfigPusher;
  readonly view: LiveView;
  readonly requests: RequestLog;
  /** Which limits clients have met. */
  readonly limits: LimitLog;
  #declared: readonly RouteEntry[];
  #names: ReadonlyMap<string, string>;
  #inForce: readonly RouteEntry[];

  constructor(options: ObservationOptions) {
    const { clock, log, snapshot } = options;
    const wallMs = (): number => clock.wallMs();
    this.#declared = snapshot.routes;
    this.#inForce = snapshot.routes;
    this.#names = namesOf(snapshot);
    this.limits = new LimitLog(log);
    this.traffic = new Traffic({ nowMs: () => clock.nowMs(), wallMs });
    this.events = new LiveEvents({ wallMs, log, traffic: this.traffic });
    this.requests = new RequestLog({
      capacity: recentRequests,
      nowMs: () => clock.nowMs(),
      log,
      flush: options.flushLog,
    });
    this.connectors = new ConnectorList({
      wallMs,
      emit: (event) => this.events.emit(event),
      configOf: (tunnelId, instanceId) => this.configs.configOf(tunnelId, instanceId),
    });
    this.configs = new ConfigPusher(
      {
        clock,
        log,
        connectionsOf: (tunnelId) => this.connectors.connectionsOf(tunnelId),
        tunnelName: (id) => this.#names.get(id) ?? id,
        tell: (what, connection, detail) => this.connectors.tell(what, connection, detail),
      },
      snapshot.tunnels,
    );
    this.view = liveView({
      connectors: this.connectors,
      traffic: this.traffic,
      activeRequests: options.activeRequests,
      routes: () => ({ declared: this.#declared, inForce: this.#inForce }),
    });
  }

  /** A snapshot, or claims under it, changed the routes in force. */
  apply(snapshot: EdgeSnapshot, routes: readonly RouteEntry[]): void {
    this.#names = namesOf(snapshot);
    const tunnelIds = new Set(this.#names.keys());
    this.#declared = snapshot.routes;
    this.#inForce = routes;
    this.traffic.apply(tunnelIds, routes);
    this.connectors.keepOnly(tunnelIds);
  }
}

function namesOf({ tunnels }: EdgeSnapshot): ReadonlyMap<string, string> {
  return new Map(tunnels.map(({ id, name }) => [id, name]));
}
