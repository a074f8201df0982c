import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '#base/log.ts';
import { LimitLog } from './limit-log.ts';

function scene(): { readonly limits: LimitLog; readonly said: string[] } {
  const said: string[] = [];
  const log: Log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (message, fields) => void said.push(`${message.split(';')[0]} ${JSON.stringify(fields)}`),
    child: () => log,
  };
  return { limits: new LimitLog(log), said };
}

const refused = 'Connections were refused';

test('a limit that is met a thousand times at once is one line with its name, the count and the last client', () => {
  const { limits, said } = scene();
  for (let i = 0; i < 1_000; i++) limits.met('too-many', `192.0.2.${i % 250}`);
  limits.sweep(5_000);
  assert.deepEqual(said, [`${refused} {"limit":"too-many","times":1000,"lastClient":"192.0.2.249"}`]);
});

test('while it goes on it is told once a minute, with how often since; each limit by itself', () => {
  const { limits, said } = scene();
  for (let second = 0; second <= 120; second++) {
    limits.met('too-many', '192.0.2.1');
    if (second === 30) limits.met('reset-flood', '192.0.2.2');
    limits.sweep(second * 1_000);
  }
  assert.deepEqual(said, [
    `${refused} {"limit":"too-many","times":1,"lastClient":"192.0.2.1"}`,
    'HTTP/2 connections were ended for streams reset without end {"limit":"reset-flood","times":1,"lastClient":"192.0.2.2"}',
    `${refused} {"limit":"too-many","times":60,"lastClient":"192.0.2.1"}`,
    `${refused} {"limit":"too-many","times":60,"lastClient":"192.0.2.1"}`,
  ]);
});

test('what was not told yet is told at the end, and what is no limit never', () => {
  const { limits, said } = scene();
  limits.met('handshake-cut', '');
  limits.sweep(0);
  limits.met('handshake-cut', '');
  for (const name of ['accepted', 'tls-failed', 'client-closed', 'bad-request', 'toString'])
    limits.met(name, '192.0.2.1');
  limits.sweep(1_000);
  limits.close();
  limits.close();
  const line = 'TLS handshakes were cut, the oldest first';
  assert.deepEqual(said, Array(2).fill(`${line} {"limit":"handshake-cut","times":1}`));
});
