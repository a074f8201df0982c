// nginx and Varnish as caches in front of an origin, set up as their manuals say and no better or worse: validation on, stale
// answers where they can, nothing cached that the origin does not allow.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { freePort, type RunningProcess, startProcess } from '../support/process.ts';

/** A cache that runs. */
export interface CachePeer {
  readonly port: number;
  close(): Promise<void>;
}

/** Debian's packages, by the program that shows that they are there. */
export const peerPrograms = { nginx: '/usr/sbin/nginx', varnish: '/usr/sbin/varnishd' } as const;

/** nginx's proxy_cache. */
export async function startNginxCache(originPort: number): Promise<CachePeer> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-nginx-cache-'));
  const port = await freePort();
  mkdirSync(join(folder, 'temp'));
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, port, originPort));
  const running = startProcess(peerPrograms.nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  return await opened(running, port, folder);
}

function nginxConfig(folder: string, port: number, originPort: number): string {
  const temporary = ['client_body', 'fastcgi', 'scgi', 'uwsgi']
    .map((what) => `  ${what}_temp_path ${folder}/temp/${what};`)
    .join('\n');
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/pid;
error_log stderr;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  proxy_temp_path ${folder}/temp/proxy;
${temporary}
  proxy_cache_path ${folder}/cache keys_zone=cases:10m use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${originPort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache cases;
      proxy_cache_revalidate on;
      proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
      proxy_cache_background_update on;
    }
  }
}
`;
}

/** varnishd with its built-in rules; its two minutes for what names no lifetime, and ten seconds beyond it, are switched off. */
export async function startVarnish(originPort: number): Promise<CachePeer> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-varnish-'));
  const port = await freePort();
  const running = startProcess(peerPrograms.varnish, [
    ...['-F', '-n', join(folder, 'work'), '-a', `127.0.0.1:${port}`, '-T', 'none'],
    ...['-b', `127.0.0.1:${originPort}`, '-s', 'malloc,64m'],
    ...['-p', 'default_ttl=0', '-p', 'default_grace=0'],
    // As whoever runs the tests; its default is to become another user.
    ...['-j', 'none'],
  ]);
  return await opened(running, port, folder);
}

async function opened(running: RunningProcess, port: number, folder: string): Promise<CachePeer> {
  const close = async (): Promise<void> => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually('the peer listens', () => {
      if (running.exitCode() !== null) throw new Error(running.stderr());
      return isOpen(port);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { port, close };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
