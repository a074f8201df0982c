// Five servers of other makes over one folder of public and secret files, each as generous as its makers let it be: nginx,
// Apache, Python's http.server, PHP's built-in server, and one on node:http that has every bad habit at once. What they serve
// says in which folder it was found.
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { freePort, type RunningProcess, startProcess } from '../support/process.ts';

export const serverNames = ['node', 'nginx', 'apache', 'python', 'php'] as const;
export type ServerName = (typeof serverNames)[number];

/** The folders; what is found in one says `found in <its name>`. */
export const folders = ['root', 'public', 'secret', 'other'] as const;
export type Folder = (typeof folders)[number];

/** In which folder an answer's text was found. */
export function folderOf(body: string): Folder | undefined {
  return /found in (root|public|secret|other)\b/.exec(body)?.[1] as Folder | undefined;
}

const programs: Readonly<Record<string, string>> = {
  nginx: '/usr/sbin/nginx',
  apache: '/usr/sbin/apache2',
  python: '/usr/bin/python3',
  php: '/usr/bin/php',
};

/** What is missing, for a test that fails with it. */
export const missingServers: readonly string[] = Object.entries(programs)
  .filter(([, file]) => !existsSync(file))
  .map(([name, file]) => `${name} (${file}) is not installed; test/system-packages.sh installs it`);

export interface FileServers {
  readonly ports: Readonly<Record<ServerName, number>>;
  close(): Promise<void>;
}

/** Starts all five. */
export async function startFileServers(): Promise<FileServers> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-files-'));
  const root = join(folder, 'www');
  writeFiles(root);
  const running: RunningProcess[] = [];
  const node = createServer((request, response) => answerBadly(root, request, response)).listen(
    0,
    '127.0.0.1',
  );
  await once(node, 'listening');
  const start = async (
    name: string,
    command: (port: number) => readonly [string, ...string[]],
  ): Promise<number> => {
    const port = await freePort();
    const [file, ...args] = command(port);
    const program = startProcess(file, args, { cwd: folder });
    running.push(program);
    await eventually(`${name} listens`, async () => {
      if (program.exitCode() !== null) throw new Error(`${name} ended: ${program.stderr()}`);
      return await isListening(port);
    });
    return port;
  };
  const ports = {
    node: (node.address() as AddressInfo).port,
    nginx: await start('nginx', (port) => nginxCommand(folder, root, port)),
    apache: await start('apache', (port) => apacheCommand(folder, root, port)),
    python: await start('python', (port) => [
      programs['python']!,
      ...['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', root],
    ]),
    php: await start('php', (port) => [programs['php']!, '-S', `127.0.0.1:${port}`, '-t', root]),
  };
  return {
    ports,
    async close() {
      node.close();
      node.closeAllConnections();
      for (const program of running) await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeFiles(root: string): void {
  for (const name of folders) {
    const folder = name === 'root' ? root : join(root, name);
    mkdirSync(join(folder, 'deep'), { recursive: true });
    for (const file of ['index.html', 'key.txt', 'deep/key.txt', 'deep/index.html'])
      writeFileSync(join(folder, file), `found in ${name}\n`);
    writeFileSync(join(folder, 'run.php'), `<?php echo "found in ${name}\\n";`);
  }
}

function nginxCommand(folder: string, root: string, port: number): [string, ...string[]] {
  const file = join(folder, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, `nginx-${name}`)};`)
    .join(' ');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')}; error_log /dev/null;
events { worker_connections 256; }
http { access_log off; ${paths}
  server { listen 127.0.0.1:${port}; root ${root}; index index.html; port_in_redirect off; }
}\n`,
  );
  return [programs['nginx']!, '-c', file, '-p', folder, '-e', '/dev/null'];
}

/** Escaped slashes are decoded, and files are found by wrong spellings of their names. */
function apacheCommand(folder: string, root: string, port: number): [string, ...string[]] {
  const file = join(folder, 'apache.conf');
  const modules = ['mpm_event', 'authz_core', 'dir', 'mime', 'negotiation', 'speling'];
  writeFileSync(
    file,
    `ServerName localhost
ServerRoot ${folder}
PidFile ${join(folder, 'apache.pid')}
Listen 127.0.0.1:${port}
ErrorLog /dev/null
StartServers 1
MinSpareThreads 1
ThreadsPerChild 25
MaxRequestWorkers 25
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
TypesConfig /etc/mime.types
DocumentRoot ${root}
AllowEncodedSlashes On
AcceptPathInfo On
CheckSpelling On
CheckCaseOnly On
<Directory ${root}>
  Options MultiViews
  Require all granted
</Directory>\n`,
  );
  return [programs['apache']!, '-f', file, '-D', 'FOREGROUND'];
}

/** Decodes three times, takes a backslash for a slash, cuts parameters off, folds case, ends at a NUL. */
function answerBadly(root: string, { url = '/' }: IncomingMessage, response: ServerResponse): void {
  const target = url.replace(/^https?:\/\/[^/]*/i, '');
  let found: string | undefined;
  let path = target.split(/[?#]/)[0]!;
  for (let i = 0; i < 4; i++) {
    for (const reading of [path, path.replace(/;[^/]*/g, '')]) found ??= fileAt(root, reading);
    path = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  response.statusCode = found === undefined ? 404 : 200;
  response.end(found ?? 'nothing there\n');
}

function fileAt(root: string, path: string): string | undefined {
  const text = Buffer.from(path, 'latin1').toString('utf8').normalize('NFKC');
  const [name = ''] = text.replaceAll('\\', '/').toLowerCase().split('\0');
  // As path.normalize has it, from the root: nothing above it.
  const file = join(root, normalize(`/${name}`).replace(/[. ]+(?=\/|$)/g, ''));
  if (!existsSync(file)) return undefined;
  const whole = statSync(file).isDirectory() ? join(file, 'index.html') : file;
  return existsSync(whole) && statSync(whole).isFile() ? readFileSync(whole, 'utf8') : undefined;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
