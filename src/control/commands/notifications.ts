// Commands on channels and mutes. Settings come sealed: what is secret is never in a draft in the clear.
import { SallyportError } from '#base/errors.ts';
import { type Channel, maxChannels, maxMutes, type Mute } from '#model/notifications/notification.ts';
import type { Command } from '../command.ts';
import { required } from '../control-state.ts';
import type { Draft } from '../draft.ts';

/** Everything but what the command itself gives. */
export type NewChannel = Omit<Channel, 'id' | 'createdAtMs' | 'version' | 'sealed'>;

/** Makes a channel; `sealFor` seals its settings for its id. */
export function createChannel(input: NewChannel, sealFor: (id: string) => string): Command<Channel> {
  return (draft, context) => {
    if (draft.list('channel').length >= maxChannels)
      throw new SallyportError('conflict', `There are ${maxChannels} channels already; delete one first.`);
    requireFreeName(draft, input.name, undefined);
    const id = context.newId();
    const channel: Channel = {
      ...input,
      ...{ id, sealed: sealFor(id), createdAtMs: context.nowMs, version: 1 },
    };
    draft.put('channel', channel, 'created');
    return channel;
  };
}

/** Changes what is given. */
export function updateChannel(
  idOrName: string,
  change: Partial<NewChannel> & { readonly sealed?: string },
): Command<Channel> {
  return (draft) => {
    const before = required(findChannel(draft.list('channel'), idOrName), 'channel', idOrName);
    if (change.name !== undefined) requireFreeName(draft, change.name, before.id);
    const channel = { ...before, ...change, version: before.version + 1 };
    draft.put('channel', channel, 'changed');
    return channel;
  };
}

/** Removes a channel; what it was still to be told is forgotten. */
export function deleteChannel(idOrName: string): Command<void> {
  return (draft) => {
    draft.remove('channel', required(findChannel(draft.list('channel'), idOrName), 'channel', idOrName).id);
  };
}

/** A channel by its id or its name, whatever its case. */
export function findChannel(channels: Iterable<Channel>, idOrName: string): Channel | undefined {
  const wanted = idOrName.toLowerCase();
  return [...channels].find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
}

/** Mutes a trouble or a hostname; a second time sets another end. Those that are over make room. */
export function setMute(subject: string, untilMs: number | null): Command<Mute> {
  return (draft, context) => {
    for (const { id, untilMs: endMs } of draft.list('mute'))
      if (endMs !== null && endMs <= context.nowMs) draft.remove('mute', id, 'expired');
    const all = draft.list('mute');
    const known = all.find((each) => each.subject === subject);
    if (!known && all.length >= maxMutes)
      throw new SallyportError('conflict', `There are ${maxMutes} mutes already; take one away first.`);
    const mute: Mute = known
      ? { ...known, untilMs }
      : { id: context.newId(), subject, untilMs, createdAtMs: context.nowMs };
    draft.put('mute', mute, known ? 'changed' : 'created');
    return mute;
  };
}

/** Takes a mute away, by its id or by what it mutes. */
export function deleteMute(idOrSubject: string): Command<void> {
  return (draft) => {
    const known = draft.list('mute').find(({ id, subject }) => id === idOrSubject || subject === idOrSubject);
    draft.remove('mute', required(known, 'mute', idOrSubject).id);
  };
}

function requireFreeName(draft: Draft, name: string, ownId: string | undefined): void {
  const other = findChannel(draft.list('channel'), name);
  if (other && other.id !== ownId)
    throw new SallyportError('conflict', `There is a channel ${other.name} already; choose another name.`);
}
