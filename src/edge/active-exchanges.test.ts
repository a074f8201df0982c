import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ActiveExchanges, type Listed } from './active-exchanges.ts';

interface Member extends Listed {
  readonly name: number;
}

describe('the exchanges under way', () => {
  test('are those that came and have not gone, in whatever order they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (moves) => {
        const members = Array.from({ length: 21 }, (_, name): Member => ({ name, activeIndex: -1 }));
        const active = new ActiveExchanges<Member>();
        const model = new Set<Member>();
        for (const move of moves) {
          const member = members[move]!;
          if (model.delete(member)) active.delete(member);
          else {
            model.add(member);
            active.add(member);
          }
          assert.equal(active.size, model.size);
        }
        assert.deepEqual(new Set(active.present()), model);
      }),
    );
  });

  test('may end while somebody goes over them, and end once', () => {
    const active = new ActiveExchanges<Member>();
    const members = [0, 1, 2].map((name): Member => ({ name, activeIndex: -1 }));
    for (const member of members) active.add(member);
    const seen = active.present().map((member) => {
      active.delete(member);
      active.delete(member);
      return member.name;
    });
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(active.size, 0);
  });
});
