// How products that are administered in a browser answer whoever opens their first page without a sign-in: status, fields and
// the part of the page that is their own, cut short. One row or more for each signature (src/control/exposure/
// admin-signatures.ts); and pages that are none of them, however much they talk of them.

export interface AnswerRow {
  readonly product: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly html?: string;
  /** Where it leads first; the rest of the row is there. */
  readonly leadsTo?: string;
}

const page = (title: string, rest = ''): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body>${rest}</body></html>`;

export const adminAnswers: readonly AnswerRow[] = [
  {
    product: 'Proxmox VE',
    headers: { server: 'pve-api-daemon/3.0' },
    html: page(
      'pve1 - Proxmox Virtual Environment',
      '<script type="text/javascript" src="/pve2/js/pvemanagerlib.js?ver=8.2.4"></script>',
    ),
  },
  {
    product: 'Proxmox VE',
    html: page('node', '<script type="text/javascript" src="/pve2/js/pvemanagerlib.js?ver=7.4"></script>'),
  },
  { product: 'Proxmox Backup Server', html: page('pbs - Proxmox Backup Server', '<div id="content"></div>') },
  { product: 'VMware ESXi', leadsTo: '/ui/', html: page('', '<html ng-app="esxUiApp"><div ng-view></div>') },
  { product: 'pfSense', html: page('pfSense - Login', '<link rel="stylesheet" href="/css/pfSense.css" />') },
  {
    product: 'OPNsense',
    html: page('Login | OPNsense', '<link href="/ui/themes/opnsense/build/css/main.css" rel="stylesheet">'),
  },
  {
    product: 'OpenWrt LuCI',
    html: '<html><head><meta http-equiv="refresh" content="0; URL=cgi-bin/luci/" /></head><body>LuCI - Lua Configuration Interface</body></html>',
  },
  {
    product: 'OpenWrt LuCI',
    status: 403,
    headers: { 'x-luci-login-required': 'yes' },
    html: page('OpenWrt - LuCI', '<link rel="stylesheet" href="/luci-static/bootstrap/cascade.css">'),
  },
  {
    product: 'MikroTik RouterOS',
    html: page('RouterOS router configuration page', '<img src="mikrotik_logo.png">'),
  },
  { product: 'FRITZ!Box', html: page('FRITZ!Box', '<div id="loginForm"></div>') },
  {
    product: 'UniFi',
    leadsTo: '/manage/account/login?redirect=%2Fmanage',
    html: page('UniFi Network', '<unifi-app></unifi-app>'),
  },
  { product: 'UniFi', html: page('UniFi OS', '<div id="root"></div>') },
  {
    product: 'Synology DSM',
    html: page('nas&nbsp;-&nbsp;Synology&nbsp;NAS', '<script>SYNO.SDS.Session = {};</script>'),
  },
  {
    product: 'QNAP QTS',
    leadsTo: '/cgi-bin/login.html',
    html: page('nas', '<div class="qnap_desktop"></div>'),
  },
  { product: 'TrueNAS', leadsTo: '/ui/', html: page('TrueNAS', '<ix-root></ix-root>') },
  { product: 'Unraid', leadsTo: '/login', html: page('Tower/Login', '<img src="/webGui/images/logo.png">') },
  { product: 'openmediavault', html: page('openmediavault Workbench', '<omv-root></omv-root>') },
  { product: 'CasaOS', html: page('CasaOS', '<div id="app"></div>') },
  {
    product: 'Cockpit',
    headers: { 'set-cookie': 'cockpit=deleted; PATH=/; Secure; HttpOnly' },
    html: page('Loading...', '<script src="cockpit/static/login.js"></script>'),
  },
  {
    product: 'Webmin',
    status: 401,
    headers: { server: 'MiniServ/2.105', 'set-cookie': 'testing=1; path=/; secure; httpOnly' },
    html: page('Login to Webmin'),
  },
  {
    product: 'iDRAC',
    leadsTo: '/restgui/start.html',
    html: page('Integrated Dell Remote Access Controller 9 - iDRAC9'),
  },
  { product: 'HPE iLO', headers: { server: 'HPE-iLO-Server/1.30' }, html: page('iLO 5') },
  { product: 'Apache Guacamole', html: page('Apache Guacamole', '<guac-login></guac-login>') },
  {
    product: 'Portainer',
    html: '<!doctype html><html lang="en" ng-app="portainer" ng-strict-di><head><title>Portainer</title></head><body></body></html>',
  },
  { product: 'Dockge', html: page('Dockge', '<div id="app"></div>') },
  { product: 'Dozzle', html: page('Dozzle', '<div id="app"></div>') },
  { product: 'Kubernetes Dashboard', html: page('Kubernetes Dashboard', '<kd-root></kd-root>') },
  { product: 'Rancher', leadsTo: '/dashboard/', html: page('Rancher', '<div id="app"></div>') },
  { product: 'Longhorn', html: page('Longhorn', '<div id="root"></div>') },
  { product: 'Argo CD', html: page('Argo CD', '<base href="/"><div id="app"></div>') },
  { product: 'Headlamp', html: page('Headlamp', '<div id="root"></div>') },
  {
    product: 'Jenkins',
    status: 403,
    headers: { 'x-jenkins': '2.462.1', 'x-hudson': '1.395' },
    html: "<html><head><meta http-equiv='refresh' content='1;url=/login?from=%2F'/></head><body>Authentication required</body></html>",
  },
  {
    product: 'Apache Tomcat manager',
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Tomcat Manager Application"' },
    html: page('401 Unauthorized'),
  },
  {
    product: 'HashiCorp Vault',
    leadsTo: '/ui/',
    html: '<!doctype html><html><head><title>Vault</title><meta name="vault/config/environment" content="%7B%7D" /></head></html>',
  },
  { product: 'Consul', leadsTo: '/ui/', html: page('Consul by HashiCorp', '<div id="ember"></div>') },
  {
    product: 'Nomad',
    leadsTo: '/ui/',
    html: '<!doctype html><html><head><title>Nomad</title><meta name="nomad-ui/config/environment" content="%7B%7D" /></head></html>',
  },
  {
    product: 'code-server',
    leadsTo: '/login',
    html: page('code-server login', '<link rel="icon" href="./_static/src/browser/media/favicon.svg" />'),
  },
  {
    product: 'Jupyter',
    leadsTo: '/lab',
    html: page('JupyterLab', '<script id="jupyter-config-data" type="application/json">{}</script>'),
  },
  { product: 'Jupyter', leadsTo: '/tree', html: page('Home Page - Select or create a notebook') },
  { product: 'Node-RED', html: page('Node-RED', '<div id="red-ui-editor"></div>') },
  { product: 'RabbitMQ', html: page('RabbitMQ Management', '<div id="outer"></div>') },
  {
    product: 'MinIO console',
    headers: { server: 'MinIO Console' },
    html: page('MinIO Console', '<div id="root"></div>'),
  },
  {
    product: 'phpMyAdmin',
    headers: { 'set-cookie': ['phpMyAdmin=abc; path=/; HttpOnly', 'pma_lang=en; path=/; HttpOnly'] },
    html: page('phpMyAdmin', '<input type="text" name="pma_username" id="input_username">'),
  },
  { product: 'phpMyAdmin', html: page('localhost / db | phpMyAdmin') },
  {
    product: 'pgAdmin',
    leadsTo: '/login?next=/',
    headers: { 'set-cookie': 'PGADMIN_LANGUAGE=en; Path=/' },
    html: page('pgAdmin 4'),
  },
  {
    product: 'Adminer',
    html: page(
      'Login - Adminer',
      "<h1><a href='https://www.adminer.org/' target=\"_blank\" id='h1'>Adminer</a></h1>",
    ),
  },
  {
    product: 'Mongo Express',
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Mongo Express"' },
    html: 'Unauthorized',
  },
  { product: 'Redis Insight', html: page('Redis Insight', '<div id="root"></div>') },
  { product: 'phpLDAPadmin', html: page('phpLDAPadmin (1.2.6.7) - ') },
  { product: 'Kibana', leadsTo: '/login?next=%2F', headers: { 'kbn-name': 'kibana' }, html: page('Elastic') },
  {
    product: 'Traefik dashboard',
    leadsTo: '/dashboard/',
    html: page('Traefik Proxy', '<div id="q-app"></div>'),
  },
  { product: 'Nginx Proxy Manager', html: page('Nginx Proxy Manager', '<div id="app"></div>') },
  {
    product: 'Keycloak administration',
    html: page('Welcome to Keycloak', '<a href="/admin/">Administration Console</a>'),
  },
  {
    product: 'Pi-hole',
    leadsTo: '/admin/login',
    headers: { 'x-pi-hole': 'The Pi-hole Web interface is working!' },
    html: page('Pi-hole pihole'),
  },
  {
    product: 'AdGuard Home',
    leadsTo: '/login.html',
    html: page('Login - AdGuard Home', '<div id="root"></div>'),
  },
  { product: 'AdGuard Home', leadsTo: '/install.html', html: page('Setup AdGuard Home') },
  {
    product: 'Grafana',
    leadsTo: '/login',
    html: page(
      'Grafana',
      '<script nonce="">window.grafanaBootData = {"user":{"isSignedIn":false}};</script>',
    ),
  },
  {
    product: 'Prometheus',
    leadsTo: '/graph',
    html: page('Prometheus Time Series Collection and Processing Server', '<div id="root"></div>'),
  },
  { product: 'Alertmanager', html: page('Alertmanager', '<script src="script.js"></script>') },
  {
    product: 'Netdata',
    headers: { server: 'Netdata Embedded HTTP Server v1.46.1' },
    html: page('netdata dashboard'),
  },
  { product: 'Uptime Kuma', leadsTo: '/dashboard', html: page('Uptime Kuma', '<div id="app"></div>') },
  { product: 'Zabbix', html: page('house: Zabbix', '<form action="index.php"></form>') },
  { product: 'Sonarr', leadsTo: '/login?returnUrl=%2F', html: page('Login - Sonarr') },
  { product: 'Radarr', html: page('Radarr', '<div id="root"></div>') },
  { product: 'Lidarr', status: 401, headers: { 'www-authenticate': 'Basic realm="Lidarr"' } },
  { product: 'Readarr', html: page('Readarr') },
  { product: 'Prowlarr', html: page('Prowlarr') },
  { product: 'Bazarr', html: page('Bazarr', '<script>window.Bazarr = {};</script>') },
  { product: 'SABnzbd', leadsTo: '/sabnzbd/login/', html: page('SABnzbd - Login') },
  { product: 'qBittorrent', html: page('qBittorrent WebUI', '<form id="loginform"></form>') },
  {
    product: 'Transmission',
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Transmission", charset="UTF-8"', server: 'Transmission' },
    html: '<h1>401: Unauthorized</h1>',
  },
  { product: 'Transmission', leadsTo: '/transmission/web/', html: page('Transmission Web Interface') },
  { product: 'Deluge', html: page('Deluge WebUI 2.1.1') },
  { product: 'Deluge', html: page('Deluge: Web UI 1.3.15') },
  {
    product: 'Syncthing',
    headers: { 'x-syncthing-id': 'P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2' },
    html: '<html lang="en" ng-app="syncthing" ng-controller="SyncthingController"><head><title ng-bind="thisDeviceName()"></title></head></html>',
  },
  { product: 'Duplicati', leadsTo: '/login.html', html: page('Duplicati Login') },
  { product: 'File Browser', html: page('File Browser', '<div id="app"></div>') },
  { product: 'Zigbee2MQTT', html: page('Zigbee2MQTT', '<div id="root"></div>') },
  { product: 'ESPHome', html: page('Dashboard - ESPHome', '<esphome-main></esphome-main>') },
];

/** Pages that are meant for everybody, or have people's own sign-in. */
export const otherAnswers: readonly (AnswerRow & { readonly what: string })[] = [
  {
    product: '',
    what: 'a blog that writes about them',
    html: page(
      'How I monitor my lab with Grafana and Prometheus',
      '<p>Portainer, Proxmox, phpMyAdmin, Jenkins, Traefik: pve2, grafanaBootData, luci.</p>',
    ),
  },
  { product: '', what: 'a shop of mugs', html: page('Vault door mugs: Grafana, Jenkins and more') },
  {
    product: '',
    what: 'a status page of Uptime Kuma, meant for everybody',
    html: page('House status', '<div id="app"></div>'),
  },
  { product: '', what: 'Jellyfin', leadsTo: '/web/', html: page('Jellyfin', '<div id="reactRoot"></div>') },
  {
    product: '',
    what: 'Nextcloud',
    leadsTo: '/login',
    headers: { 'set-cookie': ['oc_sessionPassphrase=x; path=/', '__Host-nc_sameSiteCookielax=true; path=/'] },
    html: page('Login – Nextcloud'),
  },
  { product: '', what: 'Home Assistant', html: page('Home Assistant', '<home-assistant></home-assistant>') },
  { product: '', what: 'Immich', leadsTo: '/auth/login', html: page('Login - Immich') },
  { product: '', what: 'Gitea', html: page('Gitea: Git with a cup of tea') },
  { product: '', what: 'Vaultwarden', html: page('Vaultwarden Web', '<app-root></app-root>') },
  {
    product: '',
    what: 'nginx that was just installed',
    headers: { server: 'nginx/1.24.0' },
    html: page('Welcome to nginx!'),
  },
  {
    product: '',
    what: 'a page of some realm',
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Restricted"' },
    html: page('401 Authorization Required'),
  },
  {
    product: '',
    what: 'an API',
    headers: { 'content-type': 'application/json' },
    html: '{"title":"Portainer"}',
  },
  { product: '', what: 'a page without a title', html: '<p>Grafana</p>' },
];
