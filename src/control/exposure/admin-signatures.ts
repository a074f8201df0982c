// Products that are administered in a browser, and how each gives itself away in its answer: the title of its page, a field of
// the answer, a piece of its page that only it has. A word that any page may have (a product's name in a text) is no mark.
// Data only; recognise.ts compares. Each row has an answer in test/access/admin-answers.ts that it must recognise.

/** One thing that gives a product away; a signature needs any of its marks. */
export type Mark =
  /** The whole text of the title element, white space folded. */
  | { readonly title: RegExp }
  /** A response field, by its lower-case name. */
  | { readonly field: string; readonly value: RegExp }
  /** A piece of the page's text. */
  | { readonly body: RegExp }
  /** Where the answer leads, as path and query. */
  | { readonly location: RegExp };

/** A product and its marks. */
export interface AdminSignature {
  readonly product: string;
  readonly marks: readonly Mark[];
}

const title = (value: RegExp): Mark => ({ title: value });
const field = (name: string, value: RegExp): Mark => ({ field: name, value });
const body = (value: RegExp): Mark => ({ body: value });
const location = (value: RegExp): Mark => ({ location: value });
const realm = (value: RegExp): Mark => field('www-authenticate', value);
const cookie = (value: RegExp): Mark => field('set-cookie', value);

/** Hypervisors, storage, routers, and what else runs a house. */
const machines: readonly AdminSignature[] = [
  {
    product: 'Proxmox VE',
    marks: [
      title(/ - Proxmox Virtual Environment$/),
      field('server', /^pve-api-daemon\b/),
      body(/src="\/pve2\/js\//),
    ],
  },
  { product: 'Proxmox Backup Server', marks: [title(/ - Proxmox Backup Server$/)] },
  { product: 'VMware ESXi', marks: [title(/VMware ESXi/), body(/ng-app="esxUiApp"/)] },
  { product: 'pfSense', marks: [title(/^pfSense\b|- pfSense\b/i), body(/href="\/css\/pfSense[^"]*\.css/)] },
  { product: 'OPNsense', marks: [title(/\bOPNsense\b/), body(/\/ui\/themes\/opnsense/)] },
  {
    product: 'OpenWrt LuCI',
    marks: [title(/ - LuCI$/), body(/\/luci-static\//), body(/URL=\/?cgi-bin\/luci/i)],
  },
  { product: 'MikroTik RouterOS', marks: [title(/^RouterOS\b/), body(/mikrotik_logo/)] },
  { product: 'FRITZ!Box', marks: [title(/^FRITZ!(Box|Repeater)\b/)] },
  { product: 'UniFi', marks: [title(/^UniFi( Network| OS)?$/), location(/^\/manage\/account\/login\b/)] },
  { product: 'Synology DSM', marks: [title(/\bSynology\b/), body(/SYNO\.SDS\.|webman\/3rdparty/)] },
  {
    product: 'QNAP QTS',
    marks: [body(/\/cgi-bin\/QTS\.cgi|qnap_desktop/i), location(/^\/cgi-bin\/(QTS|login)\.(cgi|html)/)],
  },
  {
    product: 'TrueNAS',
    marks: [title(/^TrueNAS\b/), body(/<ix-root\b/), location(/^\/ui\/sessions\/signin\b/)],
  },
  {
    product: 'Unraid',
    marks: [title(/^[\w-]+\/(Login|Dashboard|Main)$/), body(/\/webGui\/(images|styles)\//)],
  },
  { product: 'openmediavault', marks: [title(/^openmediavault\b/i), body(/<omv-root\b/)] },
  { product: 'CasaOS', marks: [title(/^CasaOS$/)] },
  {
    product: 'Cockpit',
    marks: [cookie(/^cockpit=/), body(/cockpit\/static\/login/)],
  },
  { product: 'Webmin', marks: [field('server', /^MiniServ\//), title(/^Login to (Webmin|Usermin)$/)] },
  { product: 'iDRAC', marks: [title(/iDRAC\d?\b/)] },
  {
    product: 'HPE iLO',
    marks: [title(/^(HPE? )?iLO \d|\biLO Login\b/), field('server', /^HPE?-iLO-Server\b/)],
  },
  {
    product: 'Apache Guacamole',
    marks: [title(/^Apache Guacamole\b/), body(/guac-notification|<guac-login\b/)],
  },
];

/** Containers, clusters and builds. */
const workshops: readonly AdminSignature[] = [
  { product: 'Portainer', marks: [title(/^Portainer\b/), body(/ng-app="portainer"/)] },
  { product: 'Dockge', marks: [title(/^Dockge$/)] },
  { product: 'Dozzle', marks: [title(/^Dozzle\b/)] },
  { product: 'Kubernetes Dashboard', marks: [title(/^Kubernetes Dashboard$/), body(/<kd-root\b/)] },
  { product: 'Rancher', marks: [title(/^Rancher\b/), field('x-rancher-version', /./)] },
  { product: 'Longhorn', marks: [title(/^Longhorn$/)] },
  { product: 'Argo CD', marks: [title(/^Argo CD$/)] },
  { product: 'Headlamp', marks: [title(/^Headlamp$/)] },
  { product: 'Jenkins', marks: [field('x-jenkins', /./), title(/(^|\[)Jenkins\]?$/)] },
  { product: 'Apache Tomcat manager', marks: [realm(/realm="Tomcat (Host )?Manager Application"/)] },
  { product: 'HashiCorp Vault', marks: [body(/name="vault\/config\/environment"/)] },
  { product: 'Consul', marks: [title(/^Consul by HashiCorp$/)] },
  { product: 'Nomad', marks: [body(/name="nomad-ui\/config\/environment"/)] },
  {
    product: 'code-server',
    marks: [
      title(/code-server/),
      body(/\/_static\/src\/browser\//),
      body(/id="vscode-workbench-web-configuration"/),
    ],
  },
  {
    product: 'Jupyter',
    marks: [
      title(/^(Jupyter(Lab| Notebook| Server)?|Home Page - Select or create a notebook)$/),
      body(/id="jupyter-config-data"/),
    ],
  },
  { product: 'Node-RED', marks: [title(/^Node-RED$/), body(/id="red-ui-editor"/)] },
  { product: 'RabbitMQ', marks: [title(/^RabbitMQ Management$/), realm(/realm="RabbitMQ Management"/)] },
  {
    product: 'MinIO console',
    marks: [title(/^MinIO (Console|Browser)$/), field('server', /^MinIO Console\b/)],
  },
];

/** Databases. */
const databases: readonly AdminSignature[] = [
  {
    product: 'phpMyAdmin',
    marks: [
      title(/\bphpMyAdmin$/),
      cookie(/^(phpMyAdmin(_https)?|pma_lang(_https)?)=/),
      body(/name="pma_username"/),
    ],
  },
  { product: 'pgAdmin', marks: [title(/^pgAdmin 4$/), cookie(/^(PGADMIN_LANGUAGE|pga4_session)=/)] },
  { product: 'Adminer', marks: [title(/ - Adminer$/), body(/<a href='https:\/\/www\.adminer\.org\/'/)] },
  { product: 'Mongo Express', marks: [title(/- Mongo Express$/), realm(/realm="?Mongo ?Express/i)] },
  { product: 'Redis Insight', marks: [title(/^Redis ?Insight$/)] },
  { product: 'phpLDAPadmin', marks: [title(/^phpLDAPadmin\b/)] },
  { product: 'Kibana', marks: [field('kbn-name', /./), title(/^Kibana$/)] },
];

/** Proxies, names and eyes on all of it. */
const watchers: readonly AdminSignature[] = [
  { product: 'Traefik dashboard', marks: [title(/^Traefik( Proxy)?$/)] },
  { product: 'Nginx Proxy Manager', marks: [title(/^Nginx Proxy Manager$/)] },
  {
    product: 'Keycloak administration',
    marks: [title(/^Keycloak Admin(istration)? (UI|Console)$/), title(/^Welcome to Keycloak$/)],
  },
  {
    product: 'Pi-hole',
    marks: [
      field('x-pi-hole', /./),
      title(/^Pi-hole\b/),
      body(/"\/admin\/(vendor|scripts|style)\/[^"]*pi-?hole/i),
    ],
  },
  { product: 'AdGuard Home', marks: [title(/^(Login - |Setup )?AdGuard Home$/)] },
  { product: 'Grafana', marks: [title(/^Grafana$/), body(/window\.grafanaBootData\b/)] },
  {
    product: 'Prometheus',
    marks: [title(/^Prometheus Time Series Collection and Processing Server$/), title(/^Prometheus$/)],
  },
  { product: 'Alertmanager', marks: [title(/^Alertmanager$/)] },
  {
    product: 'Netdata',
    marks: [field('server', /^Netdata\b/i), title(/^netdata( dashboard| agent console)?$/i)],
  },
  { product: 'Uptime Kuma', marks: [title(/^Uptime Kuma$/)] },
  { product: 'Zabbix', marks: [title(/: Zabbix$/)] },
];

/** Downloads, files and devices. */
const households: readonly AdminSignature[] = [
  ...['Sonarr', 'Radarr', 'Lidarr', 'Readarr', 'Prowlarr', 'Bazarr'].map((product): AdminSignature => ({
    product,
    marks: [title(new RegExp(`^(Login - )?${product}$`)), realm(new RegExp(`realm="${product}"`))],
  })),
  { product: 'SABnzbd', marks: [title(/^(SABnzbd\b|Login - SABnzbd$)/i)] },
  { product: 'qBittorrent', marks: [title(/^qBittorrent\b/)] },
  {
    product: 'Transmission',
    marks: [
      realm(/realm="Transmission"/),
      title(/^Transmission Web( Interface)?$/),
      field('x-transmission-session-id', /./),
    ],
  },
  { product: 'Deluge', marks: [title(/^Deluge(:? Web ?UI\b.*)?$/i)] },
  {
    product: 'Syncthing',
    marks: [
      field('x-syncthing-id', /./),
      body(/ng-app="syncthing"/),
      realm(/realm="Authorization Required \(\w+\)"/),
    ],
  },
  { product: 'Duplicati', marks: [title(/^Duplicati\b/)] },
  { product: 'File Browser', marks: [title(/^File ?Browser$/)] },
  { product: 'Zigbee2MQTT', marks: [title(/^Zigbee2MQTT\b/i)] },
  { product: 'ESPHome', marks: [title(/^(ESPHome|Dashboard - ESPHome|ESPHome Dashboard)$/)] },
];

/** All of them. */
export const adminSignatures: readonly AdminSignature[] = [
  ...machines,
  ...workshops,
  ...databases,
  ...watchers,
  ...households,
];
