import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageAssets } from './page-assets.ts';

const assetsOf = (html: string, limit = 40): string[] =>
  pageAssets(html, 'https://blog.test/frank/', limit).map(({ href }) =>
    href.replace('https://blog.test', ''),
  );

test('a page loads styles, scripts, pictures and frames of its own site, each once', () => {
  const page = `<!doctype html><!-- <script src="/no.js"></script> -->
    <link rel="stylesheet" href="/css/a.css"><link rel=canonical href=/never><link rel="icon" href='x.ico'>
    <SCRIPT async SRC=js/a.js></SCRIPT><script src="js/a.js"></script><script>if (a<b) x()</script>
    <img alt="a > b" src="/i.png?a=1&amp;b=2"><img src="https://elsewhere.test/i.png"><a href="/link">x</a>`;
  assert.deepEqual(assetsOf(page), ['/css/a.css', '/frank/x.ico', '/frank/js/a.js']);
  assert.deepEqual(assetsOf('<img src="/i.png?a=1&amp;b=2">'), ['/i.png?a=1&b=2']);
});

test('a base changes where the rest leads, and the limit holds', () => {
  assert.deepEqual(assetsOf('<base href="/other/"><script src="a.js"></script>'), ['/other/a.js']);
  assert.equal(assetsOf('<img src="a1"><img src="a2"><img src="a3">', 2).length, 2);
  assert.deepEqual(assetsOf('<link'.repeat(1000)), []);
});
