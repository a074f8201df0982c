// Workers of one edge in one process, for tests: what one tells, all others hear at once.
import { Mates } from '#edge/mates/mates.ts';

/** So many workers that know each other; `pathOf` names their socket files. */
export function linkedMates(count: number, pathOf: (number: number) => string = () => ''): Mates[] {
  const mates: Mates[] = [];
  for (let number = 1; number <= count; number++) {
    mates.push(
      new Mates({
        ...{ number, count },
        send(topic, news) {
          for (const other of mates)
            // As over a channel: a copy of plain data.
            if (other.number !== number) other.receive(number, topic, structuredClone(news));
        },
        // A handle is of one process: where it cannot be given, the connection is served where it is.
        move: () => false,
        relay: { pathOf, secret: Buffer.alloc(32, 7) },
      }),
    );
  }
  return mates;
}

/** Introduces all to each other; call it when they have begun to hear. */
export function introduce(mates: readonly Mates[]): void {
  for (const one of mates) for (const { number } of mates) one.joined(number);
}
