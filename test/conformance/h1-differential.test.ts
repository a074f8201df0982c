// Generated requests, read by our HTTP/1.1 front and by Node's parser at once: what llhttp refuses we refuse, and what
// we accept is framed the same way by both: method, target, fields, body, and the number of requests.
//
// Longer: SALLYPORT_DIFFERENTIAL_CASES=100000; one case again: SALLYPORT_DIFFERENTIAL_SEED=n.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, mutatedCases, type MutatedCase, seeds } from './h1-mutations.ts';
import { llhttpMethods, type Reader, type Reading, startLlhttpReader, startOurReader } from './h1-readers.ts';

const caseCount = Number(process.env['SALLYPORT_DIFFERENTIAL_CASES'] ?? 6000);
const firstSeed = 20_261_121;
/** Cases on the way at once. */
const atOnce = 100;

test('no generated request is framed differently by llhttp and by us, and what it refuses we refuse', async (context) => {
  const [ours, theirs] = [await startOurReader(), await startLlhttpReader()];
  context.after(() => Promise.all([ours.close(), theirs.close()]));
  const differences: string[] = [];
  let accepted = 0;
  const queue = cases();
  const worker = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [mine, reference] = await readBoth(ours, theirs, next.bytes);
      accepted += mine.requests.length > 0 && mine.refusal === '' ? 1 : 0;
      const difference = compare(mine, reference);
      if (difference !== '') differences.push(describe(next, difference, mine, reference));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  assert.deepEqual(differences.slice(0, 20), [], `${differences.length} differences`);
  assert.ok(
    accepted >= 10 || caseCount < seeds.length,
    `only ${accepted} cases were accepted; nothing was compared`,
  );
});

function cases(): MutatedCase[] {
  const seed = process.env['SALLYPORT_DIFFERENTIAL_SEED'];
  if (seed !== undefined) return [{ seed: Number(seed), bytes: mutate(Number(seed)) }];
  return mutatedCases(caseCount, firstSeed);
}

async function readBoth(ours: Reader, theirs: Reader, bytes: string): Promise<[Reading, Reading]> {
  return Promise.all([ours.read(bytes), theirs.read(bytes)]);
}

/** What is wrong, or ''. */
function compare(ours: Reading, theirs: Reading): string {
  // The edge answers `OPTIONS *` itself, so our upstream never sees it.
  const reference = theirs.requests.filter(
    (request) => request.target !== '*' || request.method !== 'OPTIONS',
  );
  for (const [i, mine] of ours.requests.entries()) {
    const other = reference[i];
    if (other === undefined) {
      return llhttpMethods.has(mine.method) ? `request ${i} accepted; llhttp: ${theirs.refusal}` : '';
    }
    for (const part of ['method', 'target', 'isComplete'] as const) {
      // A body that we refuse half-way, for a trailer or an extension, is never complete.
      if (part === 'isComplete' && !mine.isComplete && ours.refusal !== '') continue;
      if (mine[part] !== other[part]) return `request ${i}: ${part} ${mine[part]} and ${other[part]}`;
    }
    if (mine.fields.join('\n') !== other.fields.join('\n')) return `request ${i}: other fields`;
    if (mine.isComplete && mine.body !== other.body) return `request ${i}: other body`;
  }
  const isStoppedByUs = ours.refusal !== '' || stopsConnection(ours);
  // A head that llhttp refuses early and that never becomes whole is one that we never accept either.
  if (!isStoppedByUs && ours.requests.length !== reference.length) {
    return `${ours.requests.length} requests and ${reference.length}`;
  }
  return '';
}

/** We read nothing after a request that asked for an upgrade or for the connection to end. */
function stopsConnection(reading: Reading): boolean {
  const last = reading.requests.at(-1);
  if (last === undefined) return false;
  return last.fields.some((name, i) => i % 2 === 0 && /^(upgrade|connection)$/i.test(name));
}

function describe(one: MutatedCase, difference: string, ours: Reading, theirs: Reading): string {
  const seed = one.seed < 0 ? 'a starting point' : `seed ${one.seed}`;
  return `${seed}: ${difference}\n  ${JSON.stringify(one.bytes)}\n  ours ${JSON.stringify(ours)}\n  llhttp ${JSON.stringify(theirs)}`;
}
