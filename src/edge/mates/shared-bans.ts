// The guard's bans over all workers: each counts the hits of all, and keeps out whom any has banned.
import type { Clock } from '#base/clock.ts';
import type { Ban, BanRule, Bans } from '../shaping/bans.ts';
import type { Mates } from './mates.ts';

/** Joins a table of bans with those of the other workers. */
export function shareBans(bans: Bans, mates: Mates, clock: Clock): void {
  const tell = ({ client, why, sinceMs, untilMs }: Ban): void => {
    const nowMs = clock.nowMs();
    mates.tell('ban', { client, why, agoMs: nowMs - sinceMs, forMs: untilMs - nowMs });
  };
  bans.news = {
    hit: (client, rule) => mates.tell('hit', { client, ...rule }),
    banned: tell,
  };
  mates.hear('hit', ({ client, ...rule }) => {
    const nowMs = clock.nowMs();
    if (bans.leftMs(client, nowMs) === 0) bans.count(client, rule satisfies BanRule, nowMs);
  });
  mates.hear('ban', ({ client, why, agoMs, forMs }) => {
    const nowMs = clock.nowMs();
    bans.adopt({ client, why, sinceMs: nowMs - agoMs, untilMs: nowMs + forMs });
  });
  // One is enough to tell a newcomer.
  if (mates.number === 1)
    mates.onJoined(() => {
      for (const ban of bans.list(clock.nowMs())) tell(ban);
    });
}
