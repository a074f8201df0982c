// Watches what is wrong and tells the channels: looks every few seconds, hands what it sees to the reducer (notify-state.ts),
// sends what that asks for, and keeps its memory in the store, so that a restart tells nobody anything twice.
import type { Clock, Timer } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import type { ControlReport } from '#model/live/control-report.ts';
import {
  type Channel,
  channelCure,
  type ChannelSettings,
  channelSettingsSchema,
} from '#model/notifications/notification.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import type { Control } from '../control.ts';
import type { Seal } from '../seal.ts';
import { type ChannelBox, type ChannelRule, channelTroubleId, type Outgoing } from './channel-box.ts';
import { deliver, type Delivery, type DeliverTools } from './deliver.ts';
import { type MessageFacts, messageOf, testMessage } from './message-text.ts';
import {
  decodeState,
  emptyState,
  encodeState,
  type HistoryEntry,
  type NotifyEvent,
  type NotifyState,
  reduce,
} from './notify-state.ts';

export interface NotifierOptions extends DeliverTools {
  readonly control: Control;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Everything that is wrong, without what the notifier itself knows. */
  readonly look: () => Promise<readonly Trouble[]>;
  /** Name of the edge and address of its dashboard. */
  readonly facts: () => Pick<MessageFacts, 'edge' | 'dashboardUrl'>;
}

/** What is wrong for less is not told anyway (trouble-book.ts). */
const lookEveryMs = 5_000;
/** From the dial to the last byte of an answer. */
const sendWithinMs = 20_000;
const document = ['notifications', 'state'] as const;

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #stop = new AbortController();
  readonly #sending = new Set<string>();
  #state: NotifyState = emptyState;
  #kept = '';
  #timer: Timer | undefined;
  #isLooking = false;
  /** Since this process began. */
  readonly #messages = { sent: 0, failed: 0, 'given-up': 0, dropped: 0, tested: 0 };

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Reads what was known before, and begins to look. */
  async start(): Promise<void> {
    const { control, log } = this.#options;
    try {
      const bytes = await control.store.getDocument(...document);
      this.#kept = bytes ? Buffer.from(bytes).toString('utf8') : '';
      this.#state = decodeState(this.#kept) ?? emptyState;
    } catch (error) {
      log.warn('What was told before could not be read; it is told again', { error: errorText(error) });
    }
    this.#later();
  }

  stop(): void {
    this.#stop.abort(new SallyportError('aborted', 'The edge is stopping.'));
    this.#timer?.cancel();
  }

  /** What became of messages, newest first. */
  get history(): readonly HistoryEntry[] {
    return this.#state.history;
  }

  /** For the metrics of the edge. */
  get report(): Omit<ControlReport, 'storeTrouble' | 'isStoreAway' | 'accessKeyTroubles'> {
    const boxes = [...this.#channels().values()].flatMap(({ id, isEnabled }) => {
      const box = this.#state.boxes.get(id);
      return box && isEnabled ? [box] : [];
    });
    return {
      messages: { ...this.#messages },
      waitingNews: boxes.reduce((sum, { waiting }) => sum + waiting.length, 0),
      failingChannels: boxes.filter(({ fault }) => fault).length,
    };
  }

  /** What is known of a channel. */
  boxOf(channelId: string): ChannelBox | undefined {
    return this.#state.boxes.get(channelId);
  }

  /** The same troubles with the time since which each is known, and those of channels. */
  withSince(troubles: readonly Trouble[]): Trouble[] {
    const { book } = this.#state;
    return [...troubles, ...this.#ownTroubles()].map((trouble) => ({
      ...trouble,
      sinceMs: trouble.sinceMs ?? book.get(trouble.id)?.sinceMs ?? null,
    }));
  }

  /** Sends a message that shows whether a channel works; '' is good. */
  async test(channel: Channel): Promise<string> {
    const settings = this.settingsOf(channel);
    const message = testMessage(this.#factsOf(createUuid(this.#options.random)));
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(sendWithinMs)]);
    const { detail } = await deliver(settings, message, this.#options, signal).catch((error: unknown) => ({
      detail: `No answer came in ${sendWithinMs / 1000} s (${errorText(error)}).`,
    }));
    this.#apply({ kind: 'tested', channelId: channel.id, detail });
    return detail;
  }

  /** What a channel needs to send. @throws SallyportError 'store-corrupt' when it cannot be opened */
  settingsOf(channel: Channel): ChannelSettings {
    const opened = this.#options.seal.open(channel.sealed, sealPurpose(channel.id));
    return channelSettingsSchema.parse(JSON.parse(opened));
  }

  /** Looks now. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const troubles = this.withSince(await this.#options.look());
      this.#apply({ kind: 'looked', troubles });
    } catch (error) {
      this.#options.log.debug('What is wrong could not be looked at', { error: errorText(error) });
      this.#apply({ kind: 'ticked' });
    } finally {
      this.#isLooking = false;
    }
  }

  #later(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      void this.look().finally(() => {
        if (!this.#stop.signal.aborted) this.#later();
      });
    });
  }

  #apply(event: NotifyEvent): void {
    const { clock, random, log } = this.#options;
    const step = reduce(this.#state, event, {
      nowMs: clock.wallMs(),
      rules: this.#rules(),
      newId: () => createUuid(random),
    });
    this.#state = step.state;
    for (const { outcome, channelId, titles, detail } of step.said) {
      this.#messages[outcome] += 1;
      const channel = this.#channels().get(channelId)?.name ?? channelId;
      if (outcome === 'sent') log.info('A message was sent', { channel, news: titles.length });
      else if (outcome === 'failed')
        log.warn('A message could not be sent; it is tried again', { channel, error: detail });
      else if (outcome !== 'tested') log.error('A message was not sent', { channel, outcome, error: detail });
    }
    for (const { channelId, message } of step.send) void this.#send(channelId, message);
    void this.#keep();
  }

  async #send(channelId: string, message: Outgoing): Promise<void> {
    const channel = this.#channels().get(channelId);
    if (!channel || this.#sending.has(channelId)) return;
    this.#sending.add(channelId);
    let delivery: Delivery;
    try {
      const facts = this.#factsOf(message.id);
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(sendWithinMs)]);
      delivery = await deliver(
        this.settingsOf(channel),
        messageOf(message.news, facts),
        this.#options,
        signal,
      );
    } catch (error) {
      delivery = { detail: errorText(error), isFinal: false, retryAfterMs: 0 };
    }
    this.#sending.delete(channelId);
    if (this.#stop.signal.aborted) return;
    const { detail, isFinal, retryAfterMs } = delivery;
    const messageId = message.id;
    if (detail === '') return this.#apply({ kind: 'sent', channelId, messageId });
    const fraction = this.#options.random.fraction();
    this.#apply({
      kind: 'failed',
      channelId,
      failure: { messageId, detail, isFinal, retryAfterMs, fraction },
    });
  }

  /** Writes the memory when it says something else than before; with nothing to remember, there is no document. */
  async #keep(): Promise<void> {
    const { control, log } = this.#options;
    const text = encodeState(this.#state);
    if (text === this.#kept || this.#stop.signal.aborted) return;
    const before = this.#kept;
    this.#kept = text;
    try {
      if (text === '') await control.store.deleteDocument(...document);
      else await control.store.putDocument(...document, Buffer.from(text));
    } catch (error) {
      if (this.#kept === text) this.#kept = before;
      log.debug('What was told could not be kept', { error: errorText(error) });
    }
  }

  #factsOf(id: string): MessageFacts {
    return { id, atMs: this.#options.clock.wallMs(), ...this.#options.facts() };
  }

  #channels(): ReadonlyMap<string, Channel> {
    return this.#options.control.state.channels;
  }

  #rules(): ChannelRule[] {
    const { state } = this.#options.control;
    const now = this.#options.clock.wallMs();
    const muted = new Set(
      [...state.mutes.values()]
        .filter(({ untilMs }) => untilMs === null || untilMs > now)
        .map(({ subject }) => subject),
    );
    return [...state.channels.values()].map(({ id, isEnabled, least, quiet, breaks }) => ({
      ...{ id, isEnabled, least, quiet, breaks, muted },
    }));
  }

  #ownTroubles(): Trouble[] {
    return [...this.#channels().values()].flatMap((channel) => {
      const fault = channel.isEnabled ? this.#state.boxes.get(channel.id)?.fault : undefined;
      if (!fault) return [];
      return [
        {
          id: channelTroubleId(channel.id),
          severity: 'warning' as const,
          title: `The channel ${channel.name} does not get through`,
          detail: fault.detail,
          cure: channelCure(channel),
          sinceMs: fault.sinceMs,
          ...{ noun: 'channel', objectId: channel.id },
        },
      ];
    });
  }
}

/** What the settings of a channel are sealed for. */
export function sealPurpose(channelId: string): string {
  return `channel ${channelId}`;
}
