// An edge instance together with its further processes: what is done to the one is done to all.
import type { Inheritance } from '#edge/edge-contract.ts';
import type { EdgeInstance } from '../edge-instance.ts';
import type { WorkerPool } from './worker-pool.ts';

/** The instance as its owner sees it. */
export function withWorkers(instance: EdgeInstance, pool: WorkerPool): EdgeInstance {
  return {
    ...instance,
    async apply(config) {
      await instance.apply(config);
      await pool.apply(config);
    },
    async inheritance(withinMs) {
      return [await instance.inheritance(withinMs), ...(await pool.inheritances(withinMs))].reduce(joined);
    },
    async leave(graceMs, signal) {
      await Promise.all([instance.leave(graceMs, signal), pool.leave(graceMs, signal)]);
    },
    async stop(graceMs) {
      // Workers ask the first for what they show; it ends last.
      await Promise.all([instance.edge.drain(graceMs), pool.stop(graceMs)]);
      await instance.stop(0);
    },
  };
}

/** What the processes of an edge know of their tunnels together. */
export function joined(a: Inheritance, b: Inheritance): Inheritance {
  return {
    expected: {
      tunnelIds: [...new Set([...a.expected.tunnelIds, ...b.expected.tunnelIds])],
      withinMs: Math.max(a.expected.withinMs, b.expected.withinMs),
    },
    claims: [...new Map([...b.claims, ...a.claims])],
  };
}
