import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, formatTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name, givesWay: true },
  { title: 'COUNT', value: ({ count }) => String(count), alignment: 'right' },
];

test('columns are as wide as their longest value, numbers to the right', () => {
  assert.equal(
    formatTable(
      columns,
      [
        { name: 'home', count: 7 },
        { name: 'a', count: 12345678 },
      ],
      undefined,
    ),
    'NAME     COUNT\nhome         7\na     12345678\n',
  );
});

test('what gives way is cut to the width of the terminal, and never in a pipe', () => {
  const rows = [{ name: 'x'.repeat(60), count: 1 }];
  const cut = formatTable(columns, rows, 40);
  assert.ok(cut.split('\n').every((line) => line.length <= 40));
  assert.match(cut, /x\.\.\./);
  assert.match(formatTable(columns, rows, undefined), /x{60}/);
});

test('a value cannot steer the terminal', () => {
  assert.doesNotMatch(
    formatTable(columns, [{ name: '\u001b[2Jx\u202e', count: 1 }], undefined),
    /[\u001b\u202e]/,
  );
});

test('what may leave is left out before anything is cut beyond reading', () => {
  const wide: readonly Column<Row>[] = [
    ...columns,
    { title: 'DETAIL', value: () => 'd'.repeat(20), leaves: true },
    { title: 'NOTE', value: () => 'n'.repeat(10), leaves: true },
  ];
  const rows = [{ name: 'x'.repeat(30), count: 1 }];
  const titles = (width: number | undefined): string => formatTable(wide, rows, width).split('\n')[0]!;
  assert.match(titles(undefined), /^NAME +COUNT +DETAIL +NOTE$/);
  assert.match(titles(80), /^NAME +COUNT +DETAIL +NOTE$/);
  assert.match(titles(60), /^NAME +COUNT +DETAIL$/);
  assert.match(titles(40), /^NAME +COUNT$/);
  for (const width of [80, 60, 40])
    assert.ok(
      formatTable(wide, rows, width)
        .split('\n')
        .every((line) => line.length <= width),
    );
});
