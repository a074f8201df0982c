// Many sessions, streams and faults at once, drawn from a seed, under virtual time. Whatever the network does: bytes
// arrive exactly as sent, in order, or the stream is reset at both ends; nothing is left open, nothing starves, and
// both ends agree on how each connection ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { memoryLink, type MemoryLink } from '#testkit/memory-network.ts';
import { type SeededRandom, seededRandom } from '#testkit/seeded-random.ts';
import { plainOpenRequest, tunnelPair, type TunnelPair } from '#testkit/tunnel-pair.ts';
import { Session } from './session.ts';
import type { TunnelStream } from '../stream.ts';

/** What one end of a stream sends and sees. Byte i of a direction is a function of the seed and i. */
class Speaker {
  readonly stream: TunnelStream;
  readonly #random: SeededRandom;
  readonly #clock: FakeClock;
  readonly #sendSeed: number;
  readonly #receiveSeed: number;
  #toSend: number;
  #sent = 0;
  received = 0;
  isEnded = false;
  isReset = false;
  isSlow: boolean;
  fault = '';

  constructor(stream: TunnelStream, clock: FakeClock, random: SeededRandom, isEdge: boolean) {
    this.stream = stream;
    this.#clock = clock;
    this.#random = random;
    this.#sendSeed = stream.id * 2 + (isEdge ? 1 : 0);
    this.#receiveSeed = stream.id * 2 + (isEdge ? 0 : 1);
    this.#toSend = random.pick([0, 1, 300, 5_000, 70_000, 400_000]);
    this.isSlow = random.fraction() < 0.2;
    stream.handler = {
      onData: (chunk) => this.#onData(chunk),
      onEnd: () => void (this.isEnded = true),
      onReset: () => void (this.isReset = true),
      onDrain: () => this.#send(),
    };
    this.#send();
  }

  get isFinished(): boolean {
    return this.isReset || (this.isEnded && this.#sent === this.#toSend);
  }

  get sent(): number {
    return this.#sent;
  }

  #send(): void {
    while (this.#sent < this.#toSend) {
      const size = Math.min(this.#toSend - this.#sent, this.#random.integer(1, 40_000));
      const chunk = Buffer.allocUnsafe(size);
      for (let i = 0; i < size; i++) chunk[i] = byteAt(this.#sendSeed, this.#sent + i);
      this.#sent += size;
      const isScratch = this.#random.fraction() < 0.5;
      const goesOn = this.stream.write(chunk, isScratch);
      if (isScratch) chunk.fill(0xee);
      if (!goesOn) return;
    }
    this.stream.end();
  }

  #onData(chunk: Buffer): void {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== byteAt(this.#receiveSeed, this.received + i)) this.fault = `byte ${this.received + i}`;
    }
    this.received += chunk.length;
    const give = (): void => this.stream.consume(chunk.length);
    if (this.isSlow) this.#clock.after(this.#random.integer(1, 300), give);
    else give();
  }
}

interface Tunnel {
  readonly link: MemoryLink;
  readonly pair: TunnelPair;
  readonly edgeSide: Speaker[];
  readonly connectorSide: Map<number, Speaker>;
  /** How many faults it has met. */
  faults: number;
}

for (let seed = 1; seed <= 12; seed++) {
  test(`bytes survive stalls, slow readers and reordering across connections (seed ${seed})`, () => {
    const { clock, random, tunnels } = start(seed);
    for (let round = 0; round < 8; round++) {
      for (const tunnel of tunnels) openSome(clock, random, tunnel);
      if (random.fraction() < 0.3) stallForAWhile(clock, random, random.pick(tunnels));
      clock.advance(random.integer(1, 80));
    }
    assert.ok(
      clock.advanceUntil(() => tunnels.every(isQuiet), 120_000),
      'every stream comes to its end',
    );
    for (const tunnel of tunnels) checkWhole(tunnel);
  });

  test(`connections that break, close and drain leave nothing half (seed ${seed})`, () => {
    const { clock, random, tunnels } = start(seed + 1_000);
    for (let round = 0; round < 8; round++) {
      for (const tunnel of tunnels) if (tunnel.faults === 0) openSome(clock, random, tunnel);
      if (random.fraction() < 0.3) disturb(random, random.pick(tunnels));
      if (random.fraction() < 0.3) resetOne(random, random.pick(tunnels));
      clock.advance(random.integer(1, 80));
    }
    clock.advance(120_000);
    for (const tunnel of tunnels) checkConsistent(tunnel);
  });
}

function start(seed: number): { clock: FakeClock; random: SeededRandom; tunnels: Tunnel[] } {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const tunnels = Array.from({ length: 3 }, () => createTunnel(clock, random));
  assert.ok(clock.advanceUntil(() => tunnels.every((tunnel) => tunnel.pair.isReady), 5_000));
  return { clock, random, tunnels };
}

function createTunnel(clock: FakeClock, random: SeededRandom): Tunnel {
  const link = memoryLink(clock, random, {
    delayMs: random.integer(0, 60),
    jitterMs: random.integer(0, 20),
    bytesPerMs: random.pick([500, 5_000, 100_000]),
    capacityBytes: random.pick([10_000, 300_000]),
    maxPieceBytes: random.pick([undefined, 1_000, 30_000]),
  });
  const connectorSide = new Map<number, Speaker>();
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    defer: (run) => void clock.after(0, run),
    onStream(stream, _request, opened) {
      opened();
      connectorSide.set(stream.id, new Speaker(stream, clock, random, false));
    },
  });
  return { link, pair, edgeSide: [], connectorSide, faults: 0 };
}

function openSome(clock: FakeClock, random: SeededRandom, tunnel: Tunnel): void {
  const connection = tunnel.pair.edge.connection!;
  for (let i = random.integer(0, 6); i > 0 && !connection.isDraining; i--) {
    tunnel.edgeSide.push(new Speaker(connection.open(plainOpenRequest), clock, random, true));
  }
}

function stallForAWhile(clock: FakeClock, random: SeededRandom, tunnel: Tunnel): void {
  tunnel.link.stall(random.pick(['to-edge', 'to-connector', undefined] as const));
  clock.after(random.integer(1, 9_000), () => tunnel.link.resume());
}

function disturb(random: SeededRandom, tunnel: Tunnel): void {
  const { link, pair } = tunnel;
  tunnel.faults += 1;
  const how = random.integer(0, 5);
  if (how === 0) link.break();
  else if (how === 1) link.stall();
  else if (how === 2) pair.edge.connection!.close('replaced');
  else if (how === 3) pair.connector.connection!.close('shutdown');
  else if (how === 4) void pair.edge.connection!.drain(random.integer(1, 2_000));
  else void pair.connector.connection!.drain(random.integer(1, 20_000));
}

function resetOne(random: SeededRandom, tunnel: Tunnel): void {
  const speakers = random.fraction() < 0.5 ? tunnel.edgeSide : [...tunnel.connectorSide.values()];
  if (speakers.length === 0) return;
  const speaker = random.pick(speakers);
  speaker.stream.reset('cancelled');
  speaker.isReset = true;
}

function isQuiet(tunnel: Tunnel): boolean {
  return (
    tunnel.pair.edge.connection!.openStreams === 0 &&
    tunnel.pair.connector.connection!.openStreams === 0 &&
    tunnel.edgeSide.every((speaker) => speaker.isFinished)
  );
}

/** Nothing failed, so everything arrived. */
function checkWhole(tunnel: Tunnel): void {
  assert.equal(tunnel.pair.edge.closed ?? tunnel.pair.connector.closed, undefined);
  for (const edge of tunnel.edgeSide) {
    const connector = tunnel.connectorSide.get(edge.stream.id)!;
    assert.equal(edge.fault || connector.fault, '');
    assert.equal(connector.received, edge.sent);
    assert.equal(edge.received, connector.sent);
    assert.ok(!edge.isReset && !connector.isReset);
  }
  checkMemory(tunnel);
}

/** Every window has given back what it had grown to. */
function checkMemory(tunnel: Tunnel): void {
  for (const { connection } of [tunnel.pair.edge, tunnel.pair.connector]) {
    assert.ok(connection instanceof Session);
    assert.equal(connection.grownWindowBytes, 0);
  }
}

/** Whatever came is right, nothing is open, both ends tell of the same end. */
function checkConsistent(tunnel: Tunnel): void {
  const { edge, connector } = tunnel.pair;
  assert.deepEqual([...edge.faults, ...connector.faults], []);
  // Two faults may cross each other on the way, and then each end has met another one first.
  if (tunnel.faults <= 1) assert.equal(edge.closed?.reason, connector.closed?.reason);
  assert.equal(edge.closed !== undefined, tunnel.faults > 0);
  assert.equal(connector.closed !== undefined, tunnel.faults > 0);
  for (const speaker of [...tunnel.edgeSide, ...tunnel.connectorSide.values()]) {
    assert.equal(speaker.fault, '');
    assert.equal(speaker.stream.isOpen, false, `stream ${speaker.stream.id} is still open`);
    assert.ok(speaker.isReset || speaker.isFinished);
  }
  if (tunnel.faults > 0) checkMemory(tunnel);
}

function byteAt(seed: number, index: number): number {
  return (Math.imul(seed, 2_654_435_761) + Math.imul(index, 40_503) + (index >>> 8)) & 0xff;
}
