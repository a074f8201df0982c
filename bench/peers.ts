// The proxies that ours is measured against, each from Debian's package, with one worker, keep-alive to the origin,
// an access log, the same P-256 certificate and TLS 1.3; and the origin that all of them share. `/socket` leads to the
// WebSocket server behind each.
import { mkdir, writeFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { createCertificate } from '#testkit/certificates.ts';
import {
  cpuUs,
  loadCore,
  openFilesLimit,
  type Program,
  proxyCore,
  startPinned,
  waitForPort,
} from './machine.ts';
import { benchHostname, installedPath } from './sallyport.ts';

/** A proxy under test. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Name of each process that does work for a request, and its pid. */
  readonly processes: Readonly<Record<string, number>>;
  readonly plainPort: number;
  readonly tlsPort: number;
  /** Its access log; undefined when it writes no file. */
  readonly accessLog: string | undefined;
  /** What it is asked for; absent: `/`. */
  readonly path?: string;
  stop(): Promise<void>;
}

/** The origin behind every proxy. */
export interface Origin {
  readonly port: number;
  readonly program: Program;
}

/** What all peers are started with. */
export interface PeerOptions {
  readonly folder: string;
  readonly originPort: number;
  /** Where `/socket` leads. */
  readonly sinkPort: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key in one file, for HAProxy. */
  readonly bundleFile: string;
}

/** Makes the certificate that all peers show, and says what they are started with. */
export async function preparePeers(
  folder: string,
  ports: { readonly origin: number; readonly sink: number },
): Promise<PeerOptions> {
  const certificate = createCertificate({ name: benchHostname, names: [benchHostname] });
  const files = {
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    bundleFile: join(folder, 'bundle.pem'),
  };
  await writeFile(files.certFile, certificate.cert);
  await writeFile(files.keyFile, certificate.key);
  await writeFile(files.bundleFile, certificate.cert + certificate.key);
  return { folder, originPort: ports.origin, sinkPort: ports.sink, ...files };
}

/** How each writes its access log; the closest to ours, which gathers JSON lines and writes them to a file. */
export const accessLogs = {
  nginx: 'combined, to a file, buffer=64k',
  haproxy: 'httplog, to a memory-mapped ring (it writes no files)',
  caddy: 'JSON lines, to a file',
  sallyport: 'JSON lines, to a file',
} as const;
export type PeerName = keyof typeof accessLogs;

/** Connections that fit through a proxy which opens one of its own for each, with room for its other files. */
export function mostProxied(): number {
  return Math.floor((openFilesLimit() - 500) / 2);
}

/** Size of `/` at the origin: what a small API answer weighs. */
const smallBodyBytes = 900;
/** `/1g` and `/5g` are sparse files of these sizes. */
const largeFiles = { '1g': 1 << 30, '5g': 5 * (1 << 30) };

/** nginx with static files: the fastest origin there is, so that the proxy is what is measured. */
export async function startOrigin(folder: string, port: number, uploadPort: number): Promise<Origin> {
  const root = join(folder, 'www');
  await mkdir(root, { recursive: true });
  for (const name of ['index.html', installedPath.slice(1)])
    await writeFile(join(root, name), `${'x'.repeat(smallBodyBytes - 1)}\n`);
  for (const [name, size] of Object.entries(largeFiles)) {
    const file = await open(join(root, name), 'w');
    await file.truncate(size);
    await file.close();
  }
  const config = nginxConfig(
    folder,
    { name: 'origin', log: 'off' },
    `
  open_file_cache max=10; sendfile on; tcp_nopush on;
  upstream sink { server 127.0.0.1:${uploadPort}; keepalive 4; }
  server {
    listen 127.0.0.1:${port} reuseport;
    root ${root};
    location /sink {
      proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off; client_max_body_size 0;
    }
  }`,
  );
  const file = join(folder, 'origin.conf');
  await writeFile(file, config);
  const program = startPinned(loadCore, 'nginx', ['-c', file, '-p', folder, '-e', '/dev/null']);
  await waitForPort(port, 'the origin');
  return { port, program };
}

/** Starts nginx as a reverse proxy. */
export async function startNginx(options: PeerOptions, plainPort: number, tlsPort: number): Promise<Peer> {
  const accessLog = join(options.folder, 'nginx-access.log');
  const config = nginxConfig(
    options.folder,
    { name: 'nginx', log: `${accessLog} combined buffer=64k` },
    `
  ssl_session_cache shared:s:1m;
  upstream origin { server 127.0.0.1:${options.originPort}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${plainPort};
    listen 127.0.0.1:${tlsPort} ssl http2;
    ssl_certificate ${options.certFile}; ssl_certificate_key ${options.keyFile}; ssl_protocols TLSv1.3;
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off; client_max_body_size 0; proxy_max_temp_file_size 0;
    }
    location /socket {
      proxy_pass http://127.0.0.1:${options.sinkPort}; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Connection Upgrade; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 3600s;
    }
  }`,
  );
  const file = join(options.folder, 'nginx.conf');
  await writeFile(file, config);
  const program = startPinned(proxyCore, 'nginx', ['-c', file, '-p', options.folder, '-e', '/dev/null']);
  return ready(program, {
    name: 'nginx',
    version: versionOf('nginx', ['-v']),
    plainPort,
    tlsPort,
    accessLog,
  });
}

/** Starts HAProxy as a reverse proxy. */
export async function startHaproxy(options: PeerOptions, plainPort: number, tlsPort: number): Promise<Peer> {
  const config = `global
  nbthread 1
  maxconn ${mostProxied()}
  ssl-default-bind-options ssl-min-ver TLSv1.3
ring access
  format raw
  maxlen 2048
  size 16777216
  backing-file ${join(options.folder, 'haproxy-access.ring')}
defaults
  mode http
  log ring@access local0
  option httplog
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout tunnel 3600s
  http-reuse always
frontend f
  bind 127.0.0.1:${plainPort}
  bind 127.0.0.1:${tlsPort} ssl crt ${options.bundleFile} alpn h2,http/1.1
  option forwardfor
  use_backend w if { path_beg /socket }
  default_backend b
backend b
  server o 127.0.0.1:${options.originPort}
backend w
  server s 127.0.0.1:${options.sinkPort}
`;
  const file = join(options.folder, 'haproxy.cfg');
  await writeFile(file, config);
  const program = startPinned(proxyCore, 'haproxy', ['-db', '-f', file]);
  const version = versionOf('haproxy', ['-v']);
  return ready(program, { name: 'haproxy', version, plainPort, tlsPort, accessLog: undefined });
}

/** Starts Caddy as a reverse proxy. */
export async function startCaddy(options: PeerOptions, plainPort: number, tlsPort: number): Promise<Peer> {
  const accessLog = join(options.folder, 'caddy-access.log');
  const config = `{
  admin off
  auto_https off
  log {
    level ERROR
  }
  servers {
    protocols h1 h2
  }
}
(site) {
  bind 127.0.0.1
  log {
    output file ${accessLog}
    format json
  }
  reverse_proxy /socket 127.0.0.1:${options.sinkPort}
  reverse_proxy 127.0.0.1:${options.originPort}
}
http://:${plainPort} {
  import site
}
https://:${tlsPort} {
  tls ${options.certFile} ${options.keyFile}
  import site
}
`;
  const file = join(options.folder, 'Caddyfile');
  await writeFile(file, config);
  const env = {
    GOMAXPROCS: '1',
    XDG_DATA_HOME: options.folder,
    XDG_CONFIG_HOME: options.folder,
    HOME: options.folder,
  };
  const program = startPinned(proxyCore, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], env);
  return ready(program, {
    name: 'caddy',
    version: versionOf('caddy', ['version']),
    plainPort,
    tlsPort,
    accessLog,
  });
}

async function ready(program: Program, peer: Omit<Peer, 'processes' | 'stop'>): Promise<Peer> {
  const { name, plainPort, tlsPort } = peer;
  await Promise.race([
    Promise.all([waitForPort(plainPort, name), waitForPort(tlsPort, name)]),
    program.ended.then((code) => {
      throw new Error(`${name} exited ${code}: ${program.output().slice(-2000)}`);
    }),
  ]);
  // Fails at once where /proc does not have what the bench reads.
  cpuUs(program.pid);
  return { ...peer, processes: { [name]: program.pid }, stop: () => program.stop() };
}

function nginxConfig(
  folder: string,
  { name, log }: { readonly name: string; readonly log: string },
  http: string,
): string {
  // Started by root, nginx would give its workers to a user who may not read the bench's folder.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  return `${user}daemon off; worker_processes 1; pid ${join(folder, `${name}.pid`)}; error_log ${join(folder, `${name}.log`)} error;
events { worker_connections ${openFilesLimit() - 100}; }
http {
  access_log ${log}; keepalive_requests 1000000000; keepalive_timeout 3600s;
  client_body_temp_path ${join(folder, `${name}-body`)}; proxy_temp_path ${join(folder, `${name}-proxy`)};
  fastcgi_temp_path ${join(folder, `${name}-f`)}; uwsgi_temp_path ${join(folder, `${name}-u`)};
  scgi_temp_path ${join(folder, `${name}-s`)};
  ${http}
}
`;
}

function versionOf(command: string, args: readonly string[]): string {
  const text = execFileSync('sh', ['-c', `${command} ${args.join(' ')} 2>&1`], { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? '?';
}
