// What the receive windows of all connections of this process share.
import { memoryLimitBytes } from '#base/memory/memory-limit.ts';
import { WindowBudget, windowBytesWithin } from './session/window.ts';

/** The budget of one of `processes` that share a memory. */
export function processWindowBudget(processes = 1): WindowBudget {
  return new WindowBudget(windowBytesWithin(memoryLimitBytes()) / processes);
}
