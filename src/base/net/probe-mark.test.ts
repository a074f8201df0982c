import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holderOf, judgeMark, markOf, nonceOf, probePath } from './probe-mark.ts';

const key = new Uint8Array(32).fill(7);
const facts = { nonce: '0123456789abcdef0123456789abcdef', hostname: 'nas.example.com', holder: '/ t1' };

test('an edge knows its own mark, and only for the very question', () => {
  const mark = markOf(key, facts);
  assert.equal(judgeMark(key, mark, facts), 'right');
  assert.equal(judgeMark(key, mark, { ...facts, nonce: 'f'.repeat(32) }), 'not-ours');
  assert.equal(judgeMark(key, mark, { ...facts, hostname: 'tv.example.com' }), 'not-ours');
  assert.equal(judgeMark(new Uint8Array(32), mark, facts), 'not-ours');
});

test('an edge of ours with other routes for the name is told from a stranger', () => {
  assert.equal(judgeMark(key, markOf(key, { ...facts, holder: '/ t2' }), facts), 'wrong-holder');
  for (const text of ['', 'x', '<html>', `${markOf(key, facts).split(' ')[1]}`, 'a b c'])
    assert.equal(judgeMark(key, text, facts), 'not-ours', text);
});

test('the order of routes does not matter, which they are does', () => {
  const a = { path: '/', tunnelId: 't1' };
  const b = { path: '/app', tunnelId: 't2' };
  assert.equal(holderOf([a, b]), holderOf([b, a]));
  assert.notEqual(holderOf([a, b]), holderOf([a]));
});

test('only a whole nonce makes a path a probe', () => {
  assert.equal(nonceOf(`${probePath}${facts.nonce}`), facts.nonce);
  for (const path of [
    '/',
    probePath,
    `${probePath}${facts.nonce}0`,
    `${probePath}${facts.nonce.toUpperCase()}`,
  ])
    assert.equal(nonceOf(path), undefined);
});
