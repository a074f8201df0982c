// Directives of a Caddyfile that become nothing in a route of ours: because they need not, or with what to do instead.

/** Directives that do by default here what they do in Caddy, or that there is nothing to do for. */
export const needless: ReadonlySet<string> = new Set(['encode', 'flush_interval', 'push', 'vars']);

/** Directives without a place here, each with what to do. */
export const cures: Readonly<Record<string, string>> = {
  tls: 'certificates are of the whole edge: see acme, dns and certificates in edge.yml',
  log: 'the edge logs all requests: see accessLog in edge.yml',
  root: 'files are served at home: run a web server there and name it as the service',
  file_server: 'files are served at home: run a web server there and name it as the service',
  try_files: 'files are served at home: run a web server there and name it as the service',
  php_fastcgi: 'FastCGI is spoken at home: run a web server there and name it as the service',
  handle_errors: 'pages for errors are errorPages of a route',
  basic_auth: 'passwords are not carried over; the site is open to users of this edge only (access: private)',
  basicauth: 'passwords are not carried over; the site is open to users of this edge only (access: private)',
  forward_auth: "sign-ins are the edge's own; the site is open to users of this edge only (access: private)",
  import:
    'other files are not read; import them one by one. The site is open to users of this edge only (access: private)',
  rewrite: "paths change by prefix (prefix: strip, add); other rewriting is the service's own",
  request_body: 'only max_size is carried over',
};

/** Directives that keep somebody out. */
export const guards: ReadonlySet<string> = new Set([
  'basic_auth',
  'basicauth',
  'forward_auth',
  'import',
  'abort',
]);
