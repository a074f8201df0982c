import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contrastOf, inkOn, readableContrast, readableOn } from './contrast.ts';

test('contrast is that of WCAG: its own examples', () => {
  assert.equal(contrastOf('#000000', '#ffffff'), 21);
  assert.equal(contrastOf('#ffffff', '#ffffff'), 1);
  // The grey that is just readable on white, and the one that just is not, as every checker of WCAG says.
  assert.ok(contrastOf('#767676', '#ffffff') >= 4.5);
  assert.ok(contrastOf('#777777', '#ffffff') < 4.5);
});

const colours = fc
  .integer({ min: 0, max: 0xffffff })
  .map((value) => `#${value.toString(16).padStart(6, '0')}`);

test('whatever colour an owner has, black or white can be read on it', () => {
  fc.assert(fc.property(colours, (colour) => contrastOf(colour, inkOn(colour)) >= readableContrast));
});

test('whatever colour an owner has, what is written in it can be read on light and on dark grounds', () => {
  for (const grounds of [
    ['#f6f5f2', '#ffffff'],
    ['#16181c', '#1f2227'],
  ])
    fc.assert(
      fc.property(colours, (colour) => {
        const ink = readableOn(colour, grounds);
        return grounds.every((ground) => contrastOf(ink, ground) >= readableContrast);
      }),
    );
});

test('a colour that can be read stays as it is', () => {
  assert.equal(readableOn('#275d8c', ['#f6f5f2', '#ffffff']), '#275d8c');
  assert.equal(readableOn('#7fb4e0', ['#16181c', '#1f2227']), '#7fb4e0');
});
