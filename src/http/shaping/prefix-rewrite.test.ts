import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPath } from '../request-target.ts';
import { originPath, publicCookie, publicReference, publicRefresh } from './prefix-rewrite.ts';

const strip = { strip: '/frank', add: '', cookieDomain: '' };
const add = { strip: '', add: '/app', cookieDomain: '' };
const both = { strip: '/frank', add: '/app', cookieDomain: '' };
const names = { host: 'blog.test', service: 'localhost:3000' };

test('a prefix is taken off by whole segments, and what stands outside is left alone', () => {
  for (const [rewrite, path, wanted] of [
    [strip, '/frank/a/b', '/a/b'],
    [strip, '/frank/', '/'],
    [strip, '/frank', '/'],
    [strip, '/frankly', undefined],
    [strip, '/other', undefined],
    [add, '/a', '/app/a'],
    [add, '/', '/app/'],
    [both, '/frank/a', '/app/a'],
    [both, '/other', undefined],
  ] as const)
    assert.equal(originPath(rewrite, path), wanted, path);
});

test('what is cut off is what was matched, however the visitor spells it', () => {
  for (const raw of ['/fr%61nk/admin', '/x/../frank/admin', '/frank/./admin', '/frank//admin'])
    assert.equal(originPath(strip, canonicalPath(raw))?.replace(/^\/+/, '/'), '/admin', raw);
  assert.equal(originPath(strip, canonicalPath('/frank//evil.test/')), '/evil.test/', 'never another host');
});

test('references of the origin get the prefix back, once', () => {
  for (const [rewrite, reference, wanted] of [
    [strip, '/login?next=/a', '/frank/login?next=/a'],
    [strip, '/frank/login', undefined],
    [strip, 'https://blog.test/login', 'https://blog.test/frank/login'],
    [strip, 'https://blog.test:8443/login#x', 'https://blog.test:8443/frank/login#x'],
    [strip, '//blog.test/a', '//blog.test/frank/a'],
    [strip, 'http://localhost:3000/a', '/frank/a'],
    [strip, 'http://localhost:3000', '/frank/'],
    [strip, 'https://elsewhere.test/a', undefined],
    [strip, 'next', undefined],
    [strip, '?page=2', undefined],
    [add, '/app/login', '/login'],
    [add, '/app', '/'],
    [add, '/login', undefined],
    [both, '/app/x', '/frank/x'],
  ] as const)
    assert.equal(publicReference(rewrite, reference, names), wanted, reference);
  assert.equal(publicRefresh(strip, '0; url="/a"', names), '0; url="/frank/a"');
  assert.equal(publicRefresh(strip, '5', names), undefined);
});

test('cookies keep to the prefix, and to a domain that browsers take', () => {
  for (const [rewrite, cookie, wanted] of [
    [strip, 'a=1; Path=/; HttpOnly', 'a=1; Path=/frank; HttpOnly'],
    [strip, 'a=1; path=/admin', 'a=1; path=/frank/admin'],
    [strip, 'a=1; Path=/frank', undefined],
    [strip, 'a=1', undefined],
    [strip, '__Host-a=1; Path=/; Secure', undefined],
    [strip, 'a=1; Domain=internal.lan', 'a=1'],
    [strip, 'a=1; Domain=.blog.test', undefined],
    [{ ...strip, cookieDomain: 'host' }, 'a=1; Domain=blog.test; Secure', 'a=1; Secure'],
    [{ ...strip, cookieDomain: 'test.example' }, 'a=1; Domain=x.lan', 'a=1; Domain=test.example'],
    [add, 'a=1; Path=/app', 'a=1; Path=/'],
    [both, 'a=1; Path=/app', 'a=1; Path=/frank'],
  ] as const)
    assert.equal(publicCookie(rewrite, cookie, 'blog.test'), wanted, cookie);
});
