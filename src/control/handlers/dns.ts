// Handlers of the operations on DNS.
import type { dnsOperations } from '#api/dns.ts';
import { SallyportError } from '#base/errors.ts';
import type { DnsPlan } from '#model/dns/dns-view.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import { findTunnel, type Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function dnsHandlers({ control, edge }: Sources): Handlers<keyof typeof dnsOperations> {
  return {
    async listZones() {
      const { setUp, zones } = await edge.lookAtDns();
      return { setUp, items: [...zones] };
    },
    async listZoneRecords({ params, query }) {
      const zone = canonical(params.zone);
      const found = await edge.zoneRecords(zone);
      if (!found) throw unknownZone(zone);
      const { records, readAtMs } = found;
      const page = pageOfList({
        ...query,
        items: records.filter(({ owner }) => query.owner === undefined || owner === query.owner),
        search: query.search,
        cursor: query.cursor,
        texts: ({ name, type, values, note }) => [name, type, note, ...values],
        // By their labels from the right: what belongs together stands together.
        key: ({ name, type }) => `${name.split('.').toReversed().join('.')} ${type}`,
      });
      return { ...page, readAtMs };
    },
    async exportZone({ params }) {
      const zone = canonical(params.zone);
      const text = await edge.exportZone(zone);
      if (text === undefined) throw unknownZone(zone);
      return { text };
    },
    async listNames({ query }) {
      const { names } = await edge.lookAtDns();
      const nameOf = (id: string): string => findTunnel(control, id)?.tunnel.name ?? '';
      return pageOfList({
        ...query,
        items: names
          .filter(({ state }) => query.state === undefined || state === query.state)
          .map((name) => ({ ...name, tunnelName: nameOf(name.tunnelId) })),
        search: query.search,
        cursor: query.cursor,
        texts: ({ hostname, zone, provider, detail, tunnelName }) => [
          ...[hostname, zone, provider, detail, tunnelName],
        ],
        key: ({ hostname }) => hostname,
      });
    },
    planDns: () => edge.planDns(),
    async applyDns(_input, { caller }) {
      const plan = await edge.applyDns();
      if (plan.steps.length > 0) await control.note(noteOf(plan), caller);
      return plan;
    },
    proveHostname: ({ body }) => edge.proveHostname(body),
  };
}

/** Steps that an audit row names one by one; more are counted. */
const maxNamed = 50;

function noteOf({ steps }: DnsPlan): Parameters<Sources['control']['note']>[0] {
  const lines = steps
    .slice(0, maxNamed)
    .map(({ action, hostname, outcome }) => `${hostname}: ${action}, ${outcome}`);
  const more = steps.length > maxNamed ? [`and ${steps.length - maxNamed} more`] : [];
  return {
    ...{ action: 'applied', noun: 'record', objectId: 'dns', objectName: `${steps.length} hostnames` },
    ...{ before: null, after: { steps: [...lines, ...more] } },
  };
}

function canonical(zone: string): string {
  return zone.toLowerCase().replace(/\.$/, '');
}

function unknownZone(zone: string): SallyportError {
  return new SallyportError(
    'not-found',
    `No zone ${zone} is managed by this edge; "sallyport dns status" lists those that are.`,
  );
}
