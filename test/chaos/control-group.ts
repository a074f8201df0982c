// A control group that limits the memory of one process of a run, under either version of the kernel's interface:
// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and https://docs.kernel.org/admin-guide/cgroup-v2.html.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const mountPoint = '/sys/fs/cgroup';
/** As the system mounts them, in a mount namespace of its own. */
const mountSecond = `mount -t cgroup2 none ${mountPoint}`;
const mountFirst = [
  `mount -t tmpfs none ${mountPoint}`,
  `mkdir ${mountPoint}/memory`,
  `mount -t cgroup -o memory none ${mountPoint}/memory`,
].join(' && ');

export interface ControlGroup {
  /** A command that enters the group and becomes what follows it: a process is in its parent's group. */
  readonly enter: readonly string[];
  /**
   * A command that shows the groups to what follows it on a host: `ip netns exec` mounts a /sys without them, and a process that cannot
   * find its group does not know its limit, as it would on a server.
   */
  readonly show: readonly string[];
  /** The most that its processes ever had together; undefined where the kernel does not keep it (version 2 before Linux 5.19). */
  mostBytes(): number | undefined;
  /** What its processes have now, by kind, as the kernel calls it. */
  statistics(): Readonly<Record<string, number>>;
  delete(): void;
}

/** Makes a group of at most `limitBytes`. @throws where the system has no memory controller to give */
export function createControlGroup(name: string, limitBytes: number, mounted = mountPoint): ControlGroup {
  // Where both versions are mounted the memory controller belongs to the first.
  const isFirst = existsSync(join(mounted, 'memory'));
  const path = isFirst ? join(mounted, 'memory', name) : join(mounted, name);
  if (!isFirst) writeFileSync(join(mounted, 'cgroup.subtree_control'), '+memory');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, isFirst ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes));
  const most = join(path, isFirst ? 'memory.max_usage_in_bytes' : 'memory.peak');
  return {
    enter: ['sh', '-c', `echo $$ > ${path}/cgroup.procs && exec "$@"`, 'sh'],
    show: ['sh', '-c', `${isFirst ? mountFirst : mountSecond} && exec "$@"`, 'sh'],
    mostBytes: () => (existsSync(most) ? Number(readFileSync(most, 'latin1')) : undefined),
    statistics: () => parseStatistics(readFileSync(join(path, 'memory.stat'), 'latin1')),
    delete: () => rmdirSync(path),
  };
}

/** `memory.stat` of either version: a name and a number on each line. */
export function parseStatistics(text: string): Readonly<Record<string, number>> {
  const lines = text.trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value] = line.split(' ');
      return [name, Number(value)];
    }),
  );
}
