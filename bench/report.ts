// The bench's tables, as text: numbers per peer (medians of the rounds), ratios to nginx and Caddy, and the targets beside
// them.
import type { AccessRound } from './access.ts';
import type { BulkResult } from './bulk.ts';
import type { IdleResult } from './idle.ts';
import { accessLogs, type PeerName } from './peers.ts';
import { type RequestMode, type RequestsResult, requestModes, type WarmUpResult } from './requests.ts';

/** Everything one run measured. */
export interface BenchResult {
  readonly startedAt: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly warmUps: readonly WarmUpResult[];
  readonly requests: readonly RequestsResult[];
  readonly bulk: readonly BulkResult[];
  readonly idle: readonly IdleResult[];
  /** Milliseconds from a connector's start to the first request served, each try. */
  readonly startMs: readonly number[];
  /** CPU of public and of protected requests, in turns. */
  readonly access: readonly AccessRound[];
}

/** A target: what is measured, the bound, and what came out. */
export interface Verdict {
  readonly what: string;
  readonly bound: number;
  readonly measured: number;
  readonly isMet: boolean;
}

/** The whole report. */
export function formatReport(result: BenchResult): string {
  const parts = [
    result.requests.length > 0 ? formatRequests(result.requests) : '',
    result.bulk.length > 0 ? formatBulk(result.bulk) : '',
    result.idle.length > 0 ? formatIdle(result.idle) : '',
    result.startMs.length > 0
      ? `First request after a connector's start: ${result.startMs.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`
      : '',
    result.access.length > 0 ? formatAccess(result.access) : '',
    formatVerdicts(verdicts(result)),
  ];
  const logs = Object.keys(result.versions).map((peer) => `${peer} ${accessLogs[peer as PeerName]}`);
  parts.push(`Every proxy writes an access log: ${logs.join('; ')}.`);
  parts.push(alikeWords);
  if (result.warmUps.length > 0) parts.push(formatWarmUps(result.warmUps));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** What is compared, as users of the figures should know. */
const alikeWords =
  'None of them stores or compresses: the compared route of sallyport has both off; "as installed" has both on, as a route without a word has.';

/** A run on a busy machine shows here that somebody was measured cold. */
function formatWarmUps(rows: readonly WarmUpResult[]): string {
  const least = rows.reduce((low, row) => (row.requests < low.requests ? row : low));
  return `Every proxy was warmed up alike, with so many requests of each kind; the least were ${least.requests} (${least.peer}, ${least.mode}).`;
}

/** Rows under a heading, columns aligned. */
export function formatTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The issue's targets, those that this run can judge. */
export function verdicts(result: BenchResult): Verdict[] {
  const out: Verdict[] = [];
  const ratio = (mode: RequestMode, peer: string, bound: number): void => {
    const measured = costRatio(result.requests, mode, peer, (row) => row.cpuTotalUs);
    if (measured !== undefined)
      out.push(atMost(`CPU per request, ${mode}, edge + connector / ${peer}`, bound, measured));
  };
  const edge = costRatio(result.requests, 'h1 tls', 'nginx', (row) => row.cpuUs['edge'] ?? NaN);
  if (edge !== undefined) out.push(atMost('CPU per request, h1 tls, edge / nginx', 1.25, edge));
  ratio('h1 tls', 'nginx', 1.75);
  ratio('h1 tls', 'caddy', 0.35);
  ratio('h2 tls', 'caddy', 0.5);
  for (const direction of ['down', 'up'] as const) addBulkVerdict(out, result.bulk, direction);
  addMemoryVerdicts(out, result);
  if (result.access.length > 0) {
    const more = median(result.access.map(({ open, guarded }) => guarded['edge']! - open['edge']!));
    out.push(atMost('CPU of a protected request beyond a public one, edge, us', 5, more));
  }
  return out;
}

/** Median over the rounds of our cost to a peer's; undefined when one of them was not measured. */
function costRatio(
  rows: readonly RequestsResult[],
  mode: RequestMode,
  peer: string,
  costOf: (ours: RequestsResult) => number,
): number | undefined {
  const ratios = rows
    .filter((row) => row.peer === 'sallyport' && row.mode === mode)
    .flatMap((ours) => {
      const theirs = rows.find((row) => row.peer === peer && row.mode === mode && row.round === ours.round);
      return theirs === undefined ? [] : [costOf(ours) / theirs.cpuTotalUs];
    });
  return ratios.length === 0 ? undefined : median(ratios);
}

function addBulkVerdict(out: Verdict[], rows: readonly BulkResult[], direction: 'down' | 'up'): void {
  const ofOne = (peer: string): BulkResult[] =>
    rows.filter((row) => row.peer === peer && row.direction === direction && row.bytes === 1 << 30);
  const theirs = ofOne('nginx');
  const ratios = ofOne('sallyport').flatMap((ours) => {
    const their = theirs.find(({ round }) => round === ours.round);
    return their === undefined ? [] : [ours.bytesPerSecond / their.bytesPerSecond];
  });
  if (ratios.length === 0) return;
  const measured = median(ratios);
  out.push({
    what: `bulk ${direction}, sallyport / nginx (at least)`,
    bound: 0.6,
    measured,
    isMet: measured >= 0.6,
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function addMemoryVerdicts(out: Verdict[], result: BenchResult): void {
  const five = result.bulk.filter((row) => row.peer === 'sallyport' && row.bytes > 1 << 30);
  for (const row of five) {
    for (const [name, seen] of Object.entries(row.resident)) {
      out.push(
        atMost(`5 GB ${row.direction} moves ${name}'s memory by, MB`, 64, (seen.peak - seen.before) / 1e6),
      );
    }
  }
  const limits: Record<string, number> = { edge: 100, connector: 80 };
  const last = result.idle.findLast((row) => row.peer === 'sallyport' && row.kind === 'none');
  for (const [name, limit] of Object.entries(limits)) {
    const bytes = last?.resident[name];
    if (bytes !== undefined) out.push(atMost(`${name} resident after the run, MB`, limit, bytes / 1e6));
  }
}

function atMost(what: string, bound: number, measured: number): Verdict {
  return { what: `${what} (at most)`, bound, measured, isMet: measured <= bound };
}

function formatRequests(rows: readonly RequestsResult[]): string {
  const tables = requestModes.map((mode) => {
    const ofMode = rows.filter((row) => row.mode === mode);
    if (ofMode.length === 0) return '';
    const peers = [...new Set(ofMode.map(({ peer }) => peer))];
    const middle = (peer: string, read: (row: RequestsResult) => number): number =>
      median(ofMode.filter((row) => row.peer === peer).map(read));
    const total = (peer: string): number =>
      peers.includes(peer) ? middle(peer, ({ cpuTotalUs }) => cpuTotalUs) : NaN;
    const cells = peers.map((peer) => [
      peer,
      middle(peer, ({ perSecond }) => perSecond).toFixed(0),
      total(peer).toFixed(1),
      Object.keys(ofMode.find((row) => row.peer === peer)!.cpuUs)
        .map((name) => `${name} ${middle(peer, ({ cpuUs }) => cpuUs[name]!).toFixed(1)}`)
        .join(', '),
      times(total(peer) / total('nginx')),
      times(total(peer) / total('caddy')),
      middle(peer, ({ fixedRate }) => fixedRate).toFixed(0),
      middle(peer, ({ p50Us }) => p50Us).toFixed(0),
      middle(peer, ({ p99Us }) => p99Us).toFixed(0),
    ]);
    const head = [mode, 'req/s', 'CPU us/req', 'of which', '/nginx', '/caddy', 'at rate', 'p50 us', 'p99 us'];
    return formatTable(head, cells);
  });
  return tables.filter((table) => table !== '').join('\n\n');
}

function formatBulk(rows: readonly BulkResult[]): string {
  const cells = rows.map((row) => [
    `${row.peer} ${row.direction} ${(row.bytes / 2 ** 30).toFixed(0)} GiB`,
    `${(row.bytesPerSecond / 1e6).toFixed(0)}`,
    Object.entries(row.resident)
      .map(
        ([name, seen]) =>
          `${name} ${megabytes(seen.before)} > ${megabytes(seen.peak)} > ${megabytes(seen.after)}`,
      )
      .join(', '),
  ]);
  return formatTable(['bulk over TLS', 'MB/s', 'resident MB before > peak > after'], cells);
}

function formatAccess(rounds: readonly AccessRound[]): string {
  const middle = (read: (round: AccessRound) => number): string => median(rounds.map(read)).toFixed(2);
  const cells = ['edge', 'connector'].map((name) => [
    name,
    middle(({ open }) => open[name]!),
    middle(({ guarded }) => guarded[name]!),
    middle(({ open, guarded }) => guarded[name]! - open[name]!),
  ]);
  return formatTable(
    [`access, h1 plain, ${rounds.length} rounds`, 'public us', 'protected us', 'more us'],
    cells,
  );
}

function formatIdle(rows: readonly IdleResult[]): string {
  const cells = rows.map((row) => [
    row.peer,
    row.kind === 'none' ? 'none' : `${row.connections} ${row.kind}`,
    Object.entries(row.resident)
      .map(([name, bytes]) => `${name} ${megabytes(bytes)}`)
      .join(', '),
  ]);
  return formatTable(['resident memory', 'idle connections', 'MB'], cells);
}

function formatVerdicts(rows: readonly Verdict[]): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => [
    row.what,
    String(row.bound),
    row.measured.toFixed(2),
    row.isMet ? 'met' : 'MISSED',
  ]);
  return formatTable(['target', 'bound', 'measured', ''], cells);
}

function times(ratio: number): string {
  return Number.isFinite(ratio) ? `x${ratio.toFixed(2)}` : '';
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
