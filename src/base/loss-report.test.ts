import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { createLog } from './log.ts';
import { LossReport } from './loss-report.ts';

test('losses are told once when they begin, and once when they have been over for a minute', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'console',
    wallMs: () => 0,
    write: (line) => void lines.push(line.slice(21)),
  });
  const report = new LossReport({ clock, log, subject: 'Lines of /log' });
  report.written();
  for (let i = 0; i < 3; i += 1) {
    report.lost(new Error('ENOSPC'));
    clock.advance(59_000);
    report.written();
  }
  clock.advance(1_000);
  report.written();
  report.written();
  report.lost(new Error('EIO'));
  const begun = 'ERR Lines of /log are lost; check its path, its permissions and the free space error=';
  assert.deepEqual(lines, [`${begun}ENOSPC\n`, 'INF Lines of /log are written again\n', `${begun}EIO\n`]);
});
