// Crashes the control thread of an edge from outside, as a fault of ours would: through node's inspector, by an error that
// nobody catches. The edge must have been started with NODE_OPTIONS=--inspect.
import { once } from 'node:events';
import WebSocket from 'ws';
import { eventually, within } from '../support/eventually.ts';
import type { RunningProcess } from '../support/process.ts';

interface InspectorMessage {
  readonly method?: string;
  readonly params?: { readonly sessionId?: string };
}

/** Resolves when the thread has been told to throw. */
export async function crashControlThread(running: RunningProcess): Promise<void> {
  const url = await eventually(
    'the inspector listens',
    () => /Debugger listening on (ws:\S+)/.exec(running.stderr())?.[1],
  );
  const socket = new WebSocket(url);
  await within('the inspector answers', 10_000, once(socket, 'open'));
  try {
    const attached = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const { method, params } = JSON.parse(data.toString()) as InspectorMessage;
        if (method === 'NodeWorker.attachedToWorker') resolve(params!.sessionId!);
      });
    });
    socket.send(
      JSON.stringify({ id: 1, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } }),
    );
    const sessionId = await within('the control thread is there', 10_000, attached);
    const expression = 'setImmediate(() => { throw new Error("crashed by a test"); })';
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    socket.send(
      JSON.stringify({ id: 2, method: 'NodeWorker.sendMessageToWorker', params: { sessionId, message } }),
    );
    await eventually('it has crashed', () => /The control plane has ended/.test(running.stderr()));
  } finally {
    socket.terminate();
  }
}
