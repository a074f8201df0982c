// How a process knows that it is a further worker of an edge. In a file of its own: what workers need is loaded by them only.

/** Tells a process that it is one, and which. */
export const workerVariable = 'SALLYPORT_WORKER';

/** Whether this process was started as a further worker; it is so once. */
export function isWorker(env: NodeJS.ProcessEnv = process.env): boolean {
  const isOne = env[workerVariable] !== undefined && process.send !== undefined;
  // Whoever this process starts is no worker by that alone.
  delete env[workerVariable];
  return isOne;
}
