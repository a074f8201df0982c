import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { childrenOf, escapeXml, parseXml, textAt } from './xml-elements.ts';

test('elements, text, entities, comments and attributes that are passed over', () => {
  const root = parseXml(
    '<?xml version="1.0"?>\n<A xmlns="x"><!-- <no/> --><B>1 &lt; 2 &#38; &#x33;</B><B/><C><D>d</D></C></A>\n',
  );
  assert.equal(root.name, 'A');
  assert.deepEqual(
    childrenOf(root, 'B').map(({ text }) => text),
    ['1 < 2 & 3', ''],
  );
  assert.equal(textAt(root, 'C', 'D'), 'd');
  assert.equal(textAt(root, 'C', 'E', 'F'), '');
});

test('what is not whole, or would have to be expanded, is refused', () => {
  for (const text of [
    '',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a',
    '<!DOCTYPE a [<!ENTITY x "y">]><a/>',
    '<a>&x;</a>',
    '<a>'.repeat(40),
  ]) {
    assert.throws(
      () => parseXml(text),
      (error) => isSallyportError(error, 'protocol-violation'),
      text,
    );
  }
});

test('any text survives, and any input fails only with the parser’s own error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => assert.equal(parseXml(`<a>${escapeXml(text)}</a>`).text, text)),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseXml(`<a>${text}</a>`);
      } catch (error) {
        assert.ok(isSallyportError(error, 'protocol-violation'));
      }
    }),
  );
});
