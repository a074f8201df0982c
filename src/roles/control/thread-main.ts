// Where the thread of the control plane starts: start-thread.ts names this file, or the bundle of it. It is an entry of its
// own, so that the thread does not read and keep the whole program once more.
import { parentPort, workerData } from 'node:worker_threads';
import type { ControlSettings } from './control-contract.ts';
import { runControlThread } from './control-thread.ts';

void runControlThread(parentPort!, workerData as ControlSettings);
