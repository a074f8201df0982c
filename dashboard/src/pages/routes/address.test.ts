// Addresses as people paste them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitAddress } from './address.ts';

test('a hostname, a hostname with a path and a URL name a route', () => {
  assert.deepEqual(splitAddress(' blog.example.com '), { hostname: 'blog.example.com', path: '/' });
  assert.deepEqual(splitAddress('blog.example.com/'), { hostname: 'blog.example.com', path: '/' });
  assert.deepEqual(splitAddress('blog.example.com/admin/'), { hostname: 'blog.example.com', path: '/admin' });
  assert.deepEqual(splitAddress('https://blog.example.com/a/b?c=d#e'), {
    hostname: 'blog.example.com',
    path: '/a/b',
  });
  assert.deepEqual(splitAddress('*.example.com'), { hostname: '*.example.com', path: '/' });
});
