// `sallyport dns status` and `dns records`: what the running edge knows of its hostnames and zones.
import type { ShownName } from '#api/dns.ts';
import type { RecordView, ZoneView } from '#model/dns/dns-view.ts';
import { textOf } from '../command.ts';
import { troubleCode } from '../dns/dns-source.ts';
import { formatTable } from '../table.ts';
import { allItems, argument, edgeCommand, timeText } from './edge-command.ts';

export const dnsStatusCommand = edgeCommand({
  words: ['dns', 'status'],
  usage: '[TEXT] [flags]',
  summary: 'how far the DNS records of every hostname are',
  description: `Lists the hostnames of the running edge, or those that contain TEXT: whether
their records are there, whose they are, with which TTL, what was wrong last,
and what to do; and the zones that the edge manages.`,
  examples: ['sallyport dns status', 'sallyport dns status blog --output json'],
  exitCodes: { [troubleCode]: 'some hostname or zone needs its owner' },
  maxArgs: 1,
  async run(session) {
    const search = session.input.args[0];
    const { setUp, items: zones } = await session.api.listZones();
    const names = await allItems((page) => session.api.listNames({ query: { search, ...page } }));
    const isWell =
      names.every(({ state }) => state !== 'conflict' && state !== 'failed') &&
      zones.every(({ state }) => state === 'good');
    session.show({ setUp, zones, names }, () =>
      setUp === null
        ? `${session.edge} has no dns section in edge.yml: records are made by hand. See docs/dns.md.\n`
        : statusText(names, search === undefined ? zones : [], session.context.columns),
    );
    return isWell ? 0 : troubleCode;
  },
});

function statusText(
  names: readonly ShownName[],
  zones: readonly ZoneView[],
  columns: number | undefined,
): string {
  const list = formatTable<ShownName>(
    [
      { title: 'HOSTNAME', value: ({ hostname }) => hostname },
      { title: 'STATE', value: ({ state }) => state },
      { title: 'RECORDS', value: ({ records }) => records.map(recordText).join(' ') || '-', givesWay: true },
      { title: 'TTL', value: ({ records }) => ttlText(records), alignment: 'right' },
      { title: 'OWNER', value: ({ records }) => ownerText(records) },
      { title: 'ZONE', value: ({ zone }) => zone || '-' },
      { title: 'PROVIDER', value: ({ provider }) => provider || '-' },
      { title: 'SINCE', value: ({ sinceMs }) => timeText(sinceMs) },
    ],
    names,
    columns,
  );
  const table = formatTable<ZoneView>(
    [
      { title: 'ZONE', value: ({ name }) => name },
      { title: 'PROVIDER', value: ({ provider }) => provider },
      { title: 'STATE', value: ({ state }) => state },
      { title: 'RECORDS', value: ({ records }) => String(records), alignment: 'right' },
      { title: 'OF THIS EDGE', value: ({ ownRecords }) => String(ownRecords), alignment: 'right' },
      { title: 'LAST READ', value: ({ readAtMs }) => timeText(readAtMs) },
    ],
    zones,
    columns,
  );
  const notes = [...names.flatMap(nameNotes), ...zones.flatMap(zoneNotes)];
  return [
    names.length === 0 ? 'No hostname.\n' : list,
    ...(zones.length === 0 ? [] : [`\n${table}`]),
    ...(notes.length === 0 ? [] : [`\n${notes.join('\n')}\n`]),
  ].join('');
}

/** What is wrong with a name, and what was. */
function nameNotes({ hostname, state, detail, cure, lastDrift, lastError }: ShownName): string[] {
  const now = state === 'good' ? [] : [`${hostname}: ${`${detail} ${cure}`.trim()}`];
  const drift =
    lastDrift === null
      ? []
      : [`${hostname}: changed by another hand, ${timeText(lastDrift.atMs)}. ${lastDrift.detail}`];
  const isOld = lastError !== null && lastError.detail !== detail;
  return [
    ...now,
    ...drift,
    ...(isOld ? [`${hostname}: last error, ${timeText(lastError.atMs)}: ${lastError.detail}`] : []),
  ];
}

function zoneNotes({ name, state, detail, cure, lastError }: ZoneView): string[] {
  if (state !== 'good') return [`${name}: ${`${detail} ${cure}`.trim()}`];
  return lastError === null ? [] : [`${name}: last error, ${timeText(lastError.atMs)}: ${lastError.detail}`];
}

export const dnsRecordsCommand = edgeCommand({
  words: ['dns', 'records'],
  usage: 'ZONE [flags]',
  summary: 'list the records of a zone, and whose they are',
  description: `Lists every record of a zone that the running edge manages, as it was last
read, with its owner: this edge, another edge, or somebody else.`,
  flags: [{ name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' }],
  examples: ['sallyport dns records example.com', 'sallyport dns records example.com --search blog'],
  maxArgs: 1,
  async run(session) {
    const zone = argument(session, 0, 'Name a zone: sallyport dns records example.com.');
    const search = textOf(session.input, 'search') || undefined;
    const records = await allItems((page) =>
      session.api.listZoneRecords({ params: { zone }, query: { search, ...page } }),
    );
    session.table(
      records,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'TYPE', value: ({ type }) => type },
        { title: 'TTL', value: ({ ttlSeconds }) => String(ttlSeconds), alignment: 'right' },
        { title: 'OWNER', value: (record) => ownerText([record]) },
        { title: 'VALUES', value: ({ values }) => values.join(' '), givesWay: true },
        { title: 'NOTE', value: ({ note }) => note || '-', givesWay: true },
      ],
      `No record of ${zone} fits.`,
    );
  },
});

function recordText({ type, values }: RecordView): string {
  return `${type} ${values.join(' ')}`;
}

function ttlText(records: readonly RecordView[]): string {
  return [...new Set(records.map(({ ttlSeconds }) => ttlSeconds))].join('/') || '-';
}

const ownerWords = { edge: 'this edge', 'other-edge': 'another edge', other: 'somebody else' } as const;

function ownerText(records: readonly RecordView[]): string {
  return [...new Set(records.map(({ owner }) => ownerWords[owner]))].join(', ') || '-';
}
