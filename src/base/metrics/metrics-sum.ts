// The metrics of several processes that are one edge, as the text of one: numbers of the same name and labels are added up.
// That is right for counters, histograms and gauges of what each process has for itself (requests under way, memory). Gauges
// that each process knows of the whole, or that are no amounts, are told by their largest.

/** Gauges of which the largest counts. */
const largest: ReadonlySet<string> = new Set([
  'sallyport_build_info',
  'sallyport_edge_bans',
  'sallyport_edge_member_usable',
  'sallyport_edge_workers',
  'sallyport_event_loop_delay_seconds',
  'sallyport_memory_limit_bytes',
]);

interface Family {
  readonly head: string[];
  /** By name and labels, in their order. */
  readonly samples: Map<string, number>;
}

/** Adds expositions up; families and samples stand in the order in which they first come. */
export function sumExpositions(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) addExposition(families, text);
  let out = '';
  for (const { head, samples } of families.values()) {
    out += `${head.join('\n')}\n`;
    for (const [sample, value] of samples) out += `${sample} ${value}\n`;
  }
  return out;
}

function addExposition(families: Map<string, Family>, text: string): void {
  let family: Family = { head: [], samples: new Map() };
  let isLargest = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) {
      const name = line.split(' ', 3)[2]!;
      const known = families.get(name);
      family = known ?? { head: [line], samples: new Map() };
      families.set(name, family);
      isLargest = largest.has(name);
    } else if (line.startsWith('# TYPE ')) {
      if (family.head.length === 1) family.head.push(line);
    } else if (line !== '') {
      // Label values may hold spaces; the value is the last word.
      const space = line.lastIndexOf(' ');
      const sample = line.slice(0, space);
      const value = Number(line.slice(space + 1));
      const before = family.samples.get(sample);
      const joined = before === undefined ? value : isLargest ? Math.max(before, value) : before + value;
      family.samples.set(sample, joined);
    }
  }
}
