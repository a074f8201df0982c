// Holds the house to its floor plan: the import table of ARCHITECTURE.md, names, and the length of files.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
const dashboardFiles = globSync('dashboard/{src,dev}/**/*.{ts,tsx}', { cwd: root });

function tableOfRooms(): Map<string, string> {
  const [, plan = ''] = read('ARCHITECTURE.md').split('## Who may import whom');
  const rows = plan.matchAll(/^\| `(\w+)` \| ([^|]+) \|$/gm);
  return new Map([...rows].map(([, room, may]) => [room!, may!.trim()]));
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([a-z0-9/-]+)`/g)].map(([, name]) => name!);
}

test('every room imports only what the table of ARCHITECTURE.md allows', () => {
  const table = tableOfRooms();
  const faults: string[] = [];
  for (const file of files) {
    const room = file.split('/')[1]!;
    if (room === 'testkit' || room === 'main.ts') continue;
    const may = table.get(room);
    if (may === undefined) faults.push(`${file}: the room ${room} is not in the table`);
    for (const [, other] of read(file).matchAll(/from '#(\w+)\//g)) {
      const isAllowed = may === 'anything' || other === room || may?.split(', ').includes(other!);
      if (!isAllowed || other === 'testkit') faults.push(`${file} imports #${other}`);
      if (other === 'roles') faults.push(`${file} imports #roles, which only main.ts may`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the folders inside of a room are those that ARCHITECTURE.md tells of', () => {
  const [before = ''] = read('ARCHITECTURE.md').split('## Who may import whom');
  const cells = [...before.matchAll(/^\| (`[^|]+) \| [^|]+ \|$/gm)].map(([, cell]) => cell!);
  const sections = before.split(/^##+ /m);
  const told = (room: string): string[] => {
    const section = sections.find((each) => each.startsWith(`The rooms of \`src/${room}/\`\n`)) ?? '';
    const own = [...section.matchAll(/^\| (`.+) \| [^|]+ \|$/gm)].flatMap(([, cell]) => namesIn(cell!));
    const shared = cells.flatMap(namesIn).filter((name) => name.startsWith(`${room}/`));
    // What the second cell mentions in passing, as `cache` beside `caching`.
    const beside = [...section.matchAll(/; `([a-z0-9-]+)` is /g)].map(([, name]) => name!);
    return [...own, ...beside, ...shared.map((name) => name.slice(room.length + 1))].toSorted();
  };
  const divided = ['edge', 'edge/access', 'connector', 'model', 'base', 'tunnel', 'store', 'cli', 'roles'];
  for (const room of divided) {
    const there = files
      .filter((file) => file.startsWith(`src/${room}/`))
      .map((file) => file.slice(`src/${room}/`.length).split('/'))
      .filter((parts) => parts.length > 1)
      .map((parts) => parts[0]!);
    assert.deepEqual(told(room), [...new Set(there)].toSorted(), `src/${room}`);
  }
});

test('a room of src/edge/access imports only rooms that its table has above it', () => {
  const [, after = ''] = read('ARCHITECTURE.md').split('### The rooms of `src/edge/access/`\n');
  const [section = ''] = after.split(/^##+ /m);
  const order = [...section.matchAll(/^\| `([a-z-]+)` \| [^|]+ \|$/gm)].map(([, room]) => room!);
  assert.equal(order.length > 0, true);
  const faults: string[] = [];
  for (const file of files.filter((each) => each.startsWith('src/edge/access/'))) {
    const room = file.split('/')[3]!;
    // The room's own top imports all of them, and none of them imports it.
    if (room.endsWith('.ts')) continue;
    for (const [, path] of read(file).matchAll(/from '(\.\.\/[^']*)'/g)) {
      const target = join(file, '..', path!).split('/');
      if (target[2] !== 'access') continue;
      if (!order.slice(0, order.indexOf(room)).includes(target[3]!)) faults.push(`${file} imports ${path}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the dashboard shares the contract and the nouns with the server, and nothing else', () => {
  const may = tableOfRooms().get('dashboard')!.split(', ');
  assert.equal(dashboardFiles.length > 0, true);
  const faults: string[] = [];
  for (const file of dashboardFiles) {
    for (const [, other] of read(file).matchAll(/(?:from |import\()'#(\w+)\//g)) {
      if (!may.includes(other!)) faults.push(`${file} imports #${other}`);
    }
    // No way around the names either: nothing outside of the dashboard's own folder by a relative path.
    for (const [, path] of read(file).matchAll(/(?:from |import\()'(\.[^']*)'/g)) {
      const target = join(file, '..', path!);
      // Its tests run by Node, which knows no such names there; what they may reach is the same.
      const isShared = file.endsWith('.test.ts') && may.some((room) => target.startsWith(`src/${room}/`));
      if (!target.startsWith('dashboard/') && !isShared) faults.push(`${file} imports ${path}`);
    }
  }
  for (const file of files) if (/from '[^']*dashboard\/(src|dev)/.test(read(file))) faults.push(file);
  assert.deepEqual(faults, []);
});

test('the lock file names no registry, and the workspace is linked', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; link?: boolean }>;
  };
  const resolved = Object.entries(packages).filter(([, { resolved: where }]) => where !== undefined);
  assert.deepEqual(resolved, [['node_modules/@sallyport/dashboard', { resolved: 'dashboard', link: true }]]);
});

test('files have telling names and at most 400 lines', () => {
  const vague = /^(index|util|utils|common|helper|helpers|misc|lib|types)\.tsx?$/;
  const all = [...files, ...dashboardFiles];
  const badNames = all.filter((file) => vague.test(basename(file)));
  const tooLong = all.filter((file) => read(file).split('\n').length > 401);
  assert.deepEqual({ badNames, tooLong }, { badNames: [], tooLong: [] });
});
