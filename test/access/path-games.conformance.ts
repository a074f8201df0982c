// What the policy judged is what the origin served: thousands of spellings of paths, five servers of other makes, and four ways
// to protect a folder. Each server says in which folder it found what it serves; the access log says what was decided about
// which path. A spelling that leads a server to the secret folder must never have been let through as something else, nor the
// other way round.
//
// All 13,000: SALLYPORT_PATH_GAMES=all (many minutes). Otherwise every eleventh.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import type { LogLine } from '../edge/world.ts';
import { type DeskWorld, startDeskWorld } from './desk-world.ts';
import {
  type FileServers,
  type Folder,
  folderOf,
  folders,
  missingServers,
  type ServerName,
  serverNames,
  startFileServers,
} from './file-servers.ts';
import { type Game, pathGames } from './path-games.ts';
import { RawGames } from './raw-games.ts';

interface Arrangement {
  readonly paths: Readonly<Record<string, AccessPolicy>>;
  /** What a stranger may be served. */
  readonly open: readonly Folder[];
}

const nobody: AccessPolicy = ['ip:203.0.113.9'];
const notSecret: readonly Folder[] = ['root', 'public', 'other'];

const arrangements: Readonly<Record<string, Arrangement>> = {
  route: { paths: { '/': 'public', '/secret': nobody }, open: notSecret },
  deny: {
    paths: { '/': [{ deny: 'anyone', paths: '/secret' }, { allow: 'anyone' }] },
    open: notSecret,
  },
  allow: { paths: { '/': [{ allow: 'anyone', paths: '/public' }] }, open: ['public'] },
  inside: { paths: { '/': nobody, '/public': 'public', '/public/deep': nobody }, open: ['public'] },
};

const isWhole = process.env['SALLYPORT_PATH_GAMES'] === 'all';
/** Games on the way at once; nginx and Apache have more workers. */
const atOnce = 8;

interface Played {
  readonly game: Game;
  readonly server: ServerName;
  readonly arrangement: string;
  readonly status: number;
  readonly folder: Folder | undefined;
}

describe('paths, as five servers read them', () => {
  let servers: FileServers;
  let world: DeskWorld;
  const games = pathGames().filter((_, i) => isWhole || i % 11 === 0);
  /** Folder that each server finds when it is asked directly, by game. */
  const direct = new Map<ServerName, Map<Game, Folder>>();
  const played = new Map<string, Played>();
  let lines: Map<string, LogLine>;

  before(async () => {
    assert.deepEqual(missingServers, []);
    servers = await startFileServers();
    world = await startDeskWorld(
      serverNames.flatMap((server) =>
        Object.entries(arrangements).map(([name, { paths }]) => ({
          ...{ hostname: hostOf(server, name), paths },
          service: `http://127.0.0.1:${servers.ports[server]}`,
        })),
      ),
    );
    for (const server of serverNames) direct.set(server, await askDirectly(server));
    for (const server of serverNames)
      for (const name of Object.keys(arrangements)) await playAll(server, name);
    const last = [...played.keys()].at(-1)!;
    await world.edge.loggedLine('of the last game', ({ userAgent }) => userAgent === last);
    lines = new Map(world.edge.logged().map((line) => [String(line['userAgent']), line]));
  });
  after(async () => {
    await world?.edge.close();
    await servers?.close();
  });

  const hostOf = (server: ServerName, arrangement: string): string => `${server}-${arrangement}.test`;

  const askDirectly = async (server: ServerName): Promise<Map<Game, Folder>> => {
    const found = new Map<Game, Folder>();
    await each(games, servers.ports[server], async (game, client) => {
      const { body } = await client.get(targetOf(game, 'origin.test'), ['Host: origin.test']);
      const folder = folderOf(body);
      if (folder !== undefined) found.set(game, folder);
    });
    return found;
  };

  const playAll = async (server: ServerName, arrangement: string): Promise<void> => {
    const host = hostOf(server, arrangement);
    const known = direct.get(server)!;
    // Those that lead nowhere when the server is asked directly rarely do by way of the edge.
    const wanted = games.filter((game, i) => isWhole || known.has(game) || i % 8 === 0);
    await each(wanted, world.edge.plainPort, async (game, client) => {
      const id = `${host} ${games.indexOf(game)}`;
      const { status, body } = await client.get(targetOf(game, host), [`Host: ${host}`, `User-Agent: ${id}`]);
      played.set(id, { game, server, arrangement, status, folder: folderOf(body) });
    });
  };

  test('the games are worth playing: every server finds the secret folder by many spellings, and every folder by some', (context) => {
    for (const server of serverNames) {
      const found = [...direct.get(server)!.values()];
      const counts = folders.map((folder) => found.filter((each) => each === folder).length);
      context.diagnostic(`${server}: ${folders.map((folder, i) => `${folder} ${counts[i]}`).join(', ')}`);
      assert.ok(counts[folders.indexOf('secret')]! > 50, server);
      assert.ok(
        counts.slice(0, 3).every((count) => count > 0),
        `${server}: ${counts.join(' ')}`,
      );
    }
  });

  for (const [name, { open }] of Object.entries(arrangements)) {
    test(`nobody is served what he may not see, and some is served (${name})`, (context) => {
      const mine = [...played.values()].filter(({ arrangement }) => arrangement === name);
      const leaks = mine.filter(({ folder }) => folder !== undefined && !open.includes(folder));
      assert.deepEqual(leaks.slice(0, 20), [], `${leaks.length} leaks`);
      const served = mine.filter(({ folder }) => folder !== undefined).length;
      context.diagnostic(`${mine.length} played, ${served} served`);
      assert.ok(served > 20, String(served));
    });
  }

  test('the access log has every game, judged by the very path that the server was asked for', () => {
    for (const [id, { game, arrangement, status, folder }] of played) {
      const line = lines.get(id);
      // A head that is refused before it is whole has no agent in its line.
      if (!line) {
        assert.equal(folder, undefined, game);
        assert.ok(status === 0 || status >= 400, `${game} ${status}`);
        continue;
      }
      assert.equal(line['status'], status, game);
      if (folder === undefined) continue;
      const path = String(line['path']);
      const isBelowPublic = path === '/public' || path.startsWith('/public/');
      const isBelowSecret = path === '/secret' || path.startsWith('/secret/');
      // By the words of the arrangement, from what the log says alone.
      if (arrangement === 'deny')
        assert.deepEqual([line['accessRule'], isBelowSecret], ['2 anyone', false], game);
      else if (arrangement === 'route')
        assert.deepEqual([line['accessRule'], isBelowSecret], [undefined, false], game);
      else assert.ok(isBelowPublic, `${game} was judged as ${path}`);
      if (folder === 'public') assert.match(path, /public/i, game);
    }
  });
});

function targetOf(game: Game, host: string): string {
  return game.replaceAll('HOST', host);
}

/** Plays with a few clients at once. */
async function each(
  games: readonly Game[],
  port: number,
  play: (game: Game, client: RawGames) => Promise<void>,
): Promise<void> {
  const queue = games.values();
  const work = async (): Promise<void> => {
    const client = new RawGames(port);
    for (const game of queue) await play(game, client);
    client.close();
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
