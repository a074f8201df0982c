import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogFields, type LogOptions, silentLog } from './log.ts';

const wallMs = (): number => Date.UTC(2026, 10, 21, 6, 50, 0, 123);

function lines(options: Partial<LogOptions>): { log: ReturnType<typeof createLog>; written: string[] } {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  return { log: createLog({ level: 'info', format: 'console', write, wallMs, ...options }), written };
}

test('a line for people: time, level, message, fields', () => {
  const { log, written } = lines({});
  log.info('Registered tunnel connection', { connIndex: 0, ip: '192.0.2.1', event: undefined });
  assert.deepEqual(written, [
    '2026-11-21T06:50:00Z INF Registered tunnel connection connIndex=0 ip=192.0.2.1\n',
  ]);
});

for (const [value, text] of [
  ['two words', 'a="two words"'],
  ['x=1', 'a="x=1"'],
  ['say "hi"', 'a="say \\"hi\\""'],
  ['line\nbreak', 'a="line\\nbreak"'],
  ['', 'a='],
  [null, 'a=null'],
  [[1, 2], 'a=[1,2]'],
  [{ b: 'c' }, String.raw`a="{\"b\":\"c\"}"`],
  [12n, 'a="\\"12\\""'],
] as const) {
  test(`a field for people: ${text}`, () => {
    const { log, written } = lines({});
    log.warn('m', { a: value });
    assert.equal(written[0], `2026-11-21T06:50:00Z WRN m ${text}\n`);
  });
}

test('JSON, one object a line, the message last', () => {
  const { log, written } = lines({ format: 'json' });
  log.child({ tunnel: 't' }).error('went "wrong"\n', { n: 1, gone: undefined, f: () => 1 });
  assert.equal(
    written[0],
    '{"level":"error","time":"2026-11-21T06:50:00.123Z","tunnel":"t","n":1,"message":"went \\"wrong\\"\\n"}\n',
  );
});

test('never throws, whatever a field is', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const hostile: LogFields = {
    cycle,
    big: 2n ** 70n,
    thrower: {
      toJSON() {
        throw new Error('no');
      },
    },
  };
  for (const format of ['json', 'console'] as const) {
    const { log, written } = lines({ format });
    log.info('m', hostile);
    assert.equal(written.length, 1);
    assert.equal(written[0]!.indexOf('\n'), written[0]!.length - 1);
    if (format === 'json') assert.equal((JSON.parse(written[0]!) as { big: string }).big, String(2n ** 70n));
  }
});

test('lines below the level are not made', () => {
  const { log, written } = lines({ level: 'warn' });
  log.debug('a');
  log.info('b');
  log.warn('c');
  assert.equal(written.length, 1);
  const everything = lines({ level: 'debug' });
  everything.log.debug('a');
  assert.match(everything.written[0]!, / DBG a\n$/);
  silentLog.child({}).error('nothing');
});
