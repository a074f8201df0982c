// Connections that break, in every way: silently, with their process, or one of several. Three groups that mostly wait,
// side by side, so that the real times of pings and restarts pass only once.
import { describe } from 'node:test';
import { halfOpenConnections } from './half-open.ts';
import { replicas } from './replicas.ts';
import { restarts } from './restarts.ts';

describe('lost connections', { concurrency: true }, () => {
  halfOpenConnections();
  restarts();
  replicas();
});
