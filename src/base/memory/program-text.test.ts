import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanRegions, findTextRelease } from './program-text.ts';
import { residentNow } from './resident.ts';

/** One mapping as proc(5) shows it, with what it holds in memory of its own. */
function mapping(range: string, rights: string, file: string, ownKilobytes = 0): string {
  return [
    `${range} ${rights} 00000000 08:01 1835033                    ${file}`,
    'Size:               4280 kB',
    'Rss:                4280 kB',
    `Private_Dirty:  ${String(ownKilobytes).padStart(8)} kB`,
    `Anonymous:      ${String(ownKilobytes).padStart(8)} kB`,
    'VmFlags: rd mr mw me sd',
    '',
  ].join('\n');
}

test('only what stands in the file as it is in memory is let go of', () => {
  const node = '/usr/bin/node';
  const smaps = [
    mapping('00400000-00800000', 'r--p', node),
    mapping('00800000-00c00000', 'r-xp', node),
    mapping('00c00000-00d00000', 'r--p', node, 24),
    mapping('00d00000-00e00000', 'rw-p', node),
    mapping('00e00000-00f00000', 'rwxp', ''),
    mapping('7f0000000000-7f0000100000', 'r-xp', '/lib/libc.so.6'),
    mapping('7f0000200000-7f0000300000', 'r-xp', `${node}/of/another`),
    mapping('7f0000400000-7f0000500000', 'r-xp', `${node} (deleted)`),
  ].join('');
  assert.deepEqual(cleanRegions(smaps, node), [
    { start: 0x400000n, bytes: 0x400000n },
    { start: 0x800000n, bytes: 0x400000n },
  ]);
});

test('the text that is let go of is out of memory, and the program runs on', (context) => {
  const release = findTextRelease();
  if (!release) {
    assert.notEqual(process.platform, 'linux', 'Linux has madvise');
    return context.diagnostic('this system has no madvise for it');
  }
  release();
  const before = residentNow().fileBytes;
  // Sorting, matching and writing numbers touch code that nothing else here does.
  const words = Array.from({ length: 2_000 }, (_, i) => (i * 7919).toString(36));
  assert.match(words.toSorted(new Intl.Collator('de').compare).join(' ').normalize('NFD'), /[a-z]/u);
  const touched = residentNow().fileBytes;
  assert.ok(touched > before, 'what is touched comes back');
  release();
  assert.ok(residentNow().fileBytes < touched, 'and goes again');
});
