// The notifier with its clock, store and web: what is wrong gets out, the memory is kept, and a web that answers badly is met
// with patience that ends.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { type WebAnswer, WebError, type WebRequest } from '#base/net/web-client.ts';
import { type ChannelSettings, targetOf } from '#model/notifications/notification.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import { type ControlWorld, controlWorld, tester } from '#testkit/control-world.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createChannel } from '../commands/notifications.ts';
import { createSeal } from '../seal.ts';
import { Notifier, sealPurpose } from './notifier.ts';

const down: Trouble = {
  ...{ id: 'tunnel:home', severity: 'error', title: 'Tunnel home is down', detail: 'Nobody is here.' },
  ...{ cure: 'Start its connector.', sinceMs: null, noun: 'tunnel', objectId: 'home' },
};
const random = seededRandom(3);
const seal = createSeal([Buffer.from(random.bytes(32))], random);
const topic: ChannelSettings = { kind: 'ntfy', server: 'https://ntfy.example.com', topic: 'secret-topic' };

async function world(answer: (request: WebRequest) => Partial<WebAnswer>, store?: ControlWorld['store']) {
  const made = await controlWorld(store ? { store } : {});
  const asked: WebRequest[] = [];
  let troubles: readonly Trouble[] = [];
  const notifier = new Notifier({
    ...{ control: made.control, seal, random, clock: made.clock, log: silentLog, mail: () => undefined },
    look: () => Promise.resolve(troubles),
    facts: () => ({ edge: 'edge.example.com', dashboardUrl: 'https://sallyport.example.com' }),
    web: async (request) => {
      asked.push(request);
      return { status: 200, headers: {}, body: Buffer.alloc(0), ...answer(request) };
    },
  });
  await notifier.start();
  return {
    ...{ ...made, notifier, asked },
    /** Lets time pass in steps that the notifier's own timer sees. */
    async pass(ms: number, wrong: readonly Trouble[]) {
      troubles = wrong;
      for (let passed = 0; passed < ms; passed += 5_000) {
        made.clock.advance(5_000);
        for (let turns = 0; turns < 5; turns++) await setImmediate();
      }
    },
  };
}

async function addChannel({ control }: ControlWorld, settings: ChannelSettings = topic): Promise<string> {
  const { id } = await control.run(
    createChannel(
      {
        ...{ name: settings.kind, kind: settings.kind, isEnabled: true, least: 'warning', quiet: '' },
        ...{ breaks: 'error', target: targetOf(settings) },
      },
      (forId) => seal.seal(JSON.stringify(settings), sealPurpose(forId)),
    ),
    tester,
  );
  return id;
}

test('what lasts is told with its cure, and its end is told after a restart that forgot nothing', async () => {
  const first = await world(() => ({}));
  await addChannel(first);
  await first.pass(60_000, [down]);
  const [request] = first.asked;
  assert.equal(first.asked.length, 1);
  const body = JSON.parse(String(request!.body)) as Record<string, string>;
  assert.equal(body['topic'], 'secret-topic');
  assert.equal(body['title'], 'edge.example.com: Tunnel home is down');
  assert.match(
    body['message']!,
    /Nobody is here\.\nStart its connector\.\n\nhttps:\/\/sallyport\.example\.com$/,
  );
  first.notifier.stop();
  const again = await world(() => ({}), first.store);
  await again.pass(60_000, []);
  assert.match(String(JSON.parse(String(again.asked[0]!.body)).title), /Over: Tunnel home is down/);
  assert.deepEqual(
    again.notifier.history.map(({ outcome }) => outcome),
    ['sent', 'sent'],
  );
  again.notifier.stop();
});

test('a server that is away is asked again, told about, and believed when it is back; its echo shows no secret', async () => {
  let isAway = true;
  const { notifier, asked, pass, ...made } = await world(({ body }) => {
    if (isAway) throw new WebError('ECONNREFUSED', 'connect ECONNREFUSED');
    return asked.length < 4 ? { status: 500, body: Buffer.from(`fault near ${String(body)}`) } : {};
  });
  const id = await addChannel(made);
  await pass(60_000, [down]);
  assert.match(
    notifier.boxOf(id)!.fault!.detail,
    /ntfy\.example\.com could not be asked: connect ECONNREFUSED/,
  );
  assert.deepEqual(
    notifier.withSince([]).map((trouble) => trouble.title),
    ['The channel ntfy does not get through'],
  );
  isAway = false;
  await pass(1_800_000, [down]);
  assert.equal(notifier.boxOf(id)!.fault, undefined);
  assert.equal(notifier.history[0]!.outcome, 'sent');
  assert.ok(asked.length >= 3 && asked.length <= 7);
  assert.ok(!JSON.stringify(notifier.history).includes('secret-topic'));
  assert.ok(notifier.withSince([down])[0]!.sinceMs! < made.clock.wallMs() - 1_800_000, 'known since');
  notifier.stop();
});

test('a channel whose settings cannot be opened is a trouble, and holds nobody else up', async () => {
  const { notifier, asked, pass, ...made } = await world(() => ({}));
  await addChannel(made);
  const other = createSeal([Buffer.from(random.bytes(32))], random);
  await made.control.run(
    createChannel(
      {
        ...{ name: 'old', kind: 'ntfy', isEnabled: true, least: 'notice', quiet: '', breaks: 'error' },
        target: 'elsewhere',
      },
      (id) => other.seal(JSON.stringify(topic), sealPurpose(id)),
    ),
    tester,
  );
  await pass(60_000, [down]);
  assert.ok(asked.some(({ body }) => /Tunnel home is down/.test(String(body))));
  assert.match(notifier.withSince([])[0]!.detail, /sealed with a key that is not in the key file/);
  notifier.stop();
});

test('what is over and was told to nobody leaves nothing in the store', async () => {
  const { control, notifier, pass } = await world(() => ({}));
  const kept = (): Promise<unknown> => control.store.getDocument('notifications', 'state');
  await pass(10_000, [down]);
  assert.ok(await kept());
  await pass(10_000, []);
  assert.equal(await kept(), undefined);
  notifier.stop();
});
