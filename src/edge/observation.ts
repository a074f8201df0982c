// Everything by which an edge can be watched, put together: traffic, connectors, events, and the view that reads them.
// The data path only adds to it; nothing in the data path depends on what it says.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import { ConnectorList, type ConnectorListOptions } from './connector-list.ts';
import { LiveEvents } from './live-events.ts';
import { type LiveView, liveView } from './live-view.ts';
import { Traffic } from './traffic.ts';

export interface ObservationOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly snapshot: EdgeSnapshot;
  readonly activeRequests: () => number;
  readonly configOf: ConnectorListOptions['configOf'];
}

export class Observation {
  readonly traffic: Traffic;
  readonly events: LiveEvents;
  readonly connectors: ConnectorList;
  readonly view: LiveView;
  #declared: readonly RouteEntry[];
  #inForce: readonly RouteEntry[];

  constructor(options: ObservationOptions) {
    const { clock, log, snapshot } = options;
    const wallMs = (): number => clock.wallMs();
    this.#declared = snapshot.routes;
    this.#inForce = snapshot.routes;
    this.traffic = new Traffic({ nowMs: () => clock.nowMs(), wallMs });
    this.events = new LiveEvents({ wallMs, log, traffic: this.traffic });
    this.connectors = new ConnectorList({
      wallMs,
      emit: (event) => this.events.emit(event),
      configOf: options.configOf,
    });
    this.view = liveView({
      connectors: this.connectors,
      traffic: this.traffic,
      activeRequests: options.activeRequests,
      routes: () => ({ declared: this.#declared, inForce: this.#inForce }),
    });
  }

  /** A snapshot, or claims under it, changed the routes in force. */
  apply(snapshot: EdgeSnapshot, routes: readonly RouteEntry[]): void {
    const tunnelIds = new Set(snapshot.tunnels.map(({ id }) => id));
    this.#declared = snapshot.routes;
    this.#inForce = routes;
    this.traffic.apply(tunnelIds, routes);
    this.connectors.keepOnly(tunnelIds);
  }
}
