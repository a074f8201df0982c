// The channel between a process and its child as a ThreadLink sees it, and notes beside the questions.
import type { ChildProcess, SendHandle } from 'node:child_process';
import type { MessagePort } from 'node:worker_threads';
import type { ConnectionHandle } from '#base/io/socket-internals.ts';
import { ThreadLink } from '#base/thread-link.ts';
import { noteOf, type WorkerNote } from './worker-contract.ts';

/** An end of a channel: a child, or `process` in the child itself. */
export type Channel = Pick<ChildProcess, 'send' | 'connected' | 'on'>;

/** Joins an end; what is sent when the other end has gone is dropped. */
export function channelLink<Theirs extends object>(
  channel: Channel,
  offered: object,
  onNote: (note: WorkerNote, handle: ConnectionHandle | undefined) => void,
): ThreadLink<Theirs> {
  channel.on('message', (message, handle) => {
    const note = noteOf(message);
    if (note) onNote(note, handle as ConnectionHandle | undefined);
  });
  const port = {
    on: (_name: string, run: (message: unknown) => void) => channel.on('message', run),
    postMessage: (message: object) => sendOver(channel, message),
  };
  return new ThreadLink<Theirs>(port as unknown as MessagePort, offered);
}

/** Sends a note. */
export function sendNote(channel: Channel, note: WorkerNote): void {
  sendOver(channel, note);
}

/** Sends a connection beside a note; `done` when it is open there, or never will be. False: the other side has gone. */
export function sendConnection(
  channel: Channel,
  note: WorkerNote,
  handle: ConnectionHandle,
  done: () => void,
): boolean {
  if (channel.connected) channel.send(note, handle as unknown as SendHandle, {}, done);
  return channel.connected;
}

function sendOver(channel: Channel, message: object): void {
  // The callback takes errors that would otherwise be thrown as events: the end of the other side is heard of anyway.
  if (channel.connected) channel.send(message, () => {});
}
