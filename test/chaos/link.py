"""A line between two network namespaces, in user space: what enters a TUN device on one side leaves one on the other,
later, slower, or not at all. test/chaos/link.ts starts it and tells it on standard input, a line of JSON a change:

    {"way": "up", "delayMs": 20, "jitterMs": 5, "lossPct": 1, "reorderPct": 0, "rateKbit": 0, "queueBytes": 262144,
     "dark": false, "largest": 0}

"up" leads from the first namespace to the second, "down" back, "both" sets both. `largest` drops longer packets without
a word, as a path does whose ICMP is filtered. It answers each line with a line of JSON: what has passed and what has not.
Its chances come from the seed, so that a run can be had again.

    python3 link.py SEED NAMESPACE DEVICE NAMESPACE DEVICE
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
# A packet a TUN device may hand over: its MTU is 1500, this is beyond any.
PACKET_BYTES = 65_536
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    os.close(handle)


def open_tun(namespace, device):
    enter(namespace)
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return handle


class Way:
    """One direction: a queue ordered by when its packets are due."""

    def __init__(self, source, target, seed):
        self.source, self.target, self.chance = source, target, random.Random(seed)
        self.delay_ms = self.jitter_ms = self.loss_pct = self.reorder_pct = self.rate_kbit = self.largest = 0
        self.queue_bytes, self.dark = 262_144, False
        self.queue, self.queued, self.count, self.free_at, self.last_due = [], 0, 0, 0.0, 0.0
        self.passed = self.dropped = 0

    def change(self, wanted):
        names = {"delayMs": "delay_ms", "jitterMs": "jitter_ms", "lossPct": "loss_pct", "reorderPct": "reorder_pct",
                 "rateKbit": "rate_kbit", "queueBytes": "queue_bytes", "dark": "dark", "largest": "largest"}
        for key, name in names.items():
            if key in wanted:
                setattr(self, name, wanted[key])

    def read(self, now):
        # A few at a time, so that neither direction starves the other.
        for _ in range(64):
            try:
                packet = os.read(self.source, PACKET_BYTES)
            except BlockingIOError:
                return
            self.take(packet, now)

    def take(self, packet, now):
        size = len(packet)
        is_lost = self.loss_pct and self.chance.random() * 100 < self.loss_pct
        if self.dark or is_lost or (self.largest and size > self.largest) or self.queued + size > self.queue_bytes:
            self.dropped += 1
            return
        start = now
        if self.rate_kbit:
            start = self.free_at = max(now, self.free_at) + size * 8 / (self.rate_kbit * 1000)
        due = start + (self.delay_ms + self.chance.random() * self.jitter_ms) / 1000
        if self.reorder_pct and self.chance.random() * 100 < self.reorder_pct:
            due += 0.02
        else:
            # Jitter alone reorders nothing: a line is a queue.
            due = self.last_due = max(due, self.last_due)
        self.count += 1
        self.queued += size
        heapq.heappush(self.queue, (due, self.count, packet))

    def write(self, now):
        while self.queue and self.queue[0][0] <= now:
            packet = heapq.heappop(self.queue)[2]
            self.queued -= len(packet)
            if self.dark:
                self.dropped += 1
                continue
            try:
                os.write(self.target, packet)
                self.passed += 1
            except OSError:
                # The device is down, or its queue is full.
                self.dropped += 1

    def due(self):
        return self.queue[0][0] if self.queue else None


def main():
    seed, first, first_device, second, second_device = sys.argv[1:6]
    near, far = open_tun(first, first_device), open_tun(second, second_device)
    up, down = Way(near, far, f"{seed}-up"), Way(far, near, f"{seed}-down")
    by_name = {"up": [up], "down": [down], "both": [up, down]}
    poll = select.poll()
    for handle in (0, near, far):
        poll.register(handle, select.POLLIN)
    print(json.dumps({"ready": True}), flush=True)
    pending = b""
    while True:
        now = time.monotonic()
        waits = [due - now for due in (up.due(), down.due()) if due is not None]
        timeout = None if not waits else max(0, min(waits)) * 1000
        events = dict(poll.poll(timeout))
        now = time.monotonic()
        if near in events:
            up.read(now)
        if far in events:
            down.read(now)
        if 0 in events:
            chunk = os.read(0, 65_536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                wanted = json.loads(line)
                for way in by_name[wanted["way"]]:
                    way.change(wanted)
                print(json.dumps({"passed": [up.passed, down.passed], "dropped": [up.dropped, down.dropped]}), flush=True)
        now = time.monotonic()
        up.write(now)
        down.write(now)


main()
