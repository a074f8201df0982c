// Presets of code, images, charts and automation; see access-preset.ts.
import type { AccessPreset } from './access-preset.ts';

const gitPaths = {
  read: ['/*/*/info/refs', '/*/*/git-upload-pack', '/*/*/git-receive-pack'],
  largeFiles: ['/*/*/info/lfs'],
} as const;

export const workshopPresets = {
  gitea: {
    title: 'Gitea, Forgejo',
    source: 'https://docs.gitea.com/development/api-usage',
    caution:
      'Public repositories can be cloned by everybody then; REQUIRE_SIGNIN_VIEW in its settings closes them. Its pages stay closed.',
    opens: [
      {
        paths: gitPaths.read,
        methods: ['GET', 'POST'],
        why: 'git; token each time, unless the repository is public',
      },
      { paths: gitPaths.largeFiles, why: 'large files of git; token each time' },
      { paths: ['/api/v1'], why: 'programs; asks for a token, but for what is public' },
      { paths: ['/api/packages', '/v2'], why: 'packages and images; token each time' },
      { paths: ['/api/actions', '/api/actions_pipeline'], why: 'runners; asks for their token' },
      {
        paths: ['=/login/oauth/access_token', '=/login/oauth/userinfo'],
        methods: ['GET', 'POST'],
        why: 'other applications redeem their code; asks for their secret',
      },
      { paths: ['=/api/healthz'], methods: ['GET'], why: 'says that it is well' },
    ],
  },
  gitlab: {
    title: 'GitLab',
    source: 'https://docs.gitlab.com/api/rest/authentication/',
    caution: 'Public projects can be cloned by everybody then. Its pages stay closed.',
    opens: [
      {
        paths: gitPaths.read,
        methods: ['GET', 'POST'],
        why: 'git; token each time, unless the project is public',
      },
      { paths: gitPaths.largeFiles, why: 'large files of git; token each time' },
      { paths: ['/api/v4', '/api/graphql'], why: 'programs; asks for a token, but for what is public' },
      {
        paths: ['=/jwt/auth'],
        methods: ['GET', 'POST'],
        why: 'registries ask for a token; name and password',
      },
    ],
  },
  git: {
    title: 'git over HTTP (Gogs, cgit, git http-backend)',
    source: 'https://git-scm.com/docs/http-protocol',
    caution: 'The server must ask for name and password itself, at least for git-receive-pack, which writes.',
    opens: [
      { paths: gitPaths.read, methods: ['GET', 'POST'], why: 'git; name and password where the server asks' },
      { paths: gitPaths.largeFiles, why: 'large files of git; name and password where the server asks' },
    ],
  },
  registry: {
    title: 'Registries of images (Distribution, Zot, Quay)',
    source: 'https://distribution.github.io/distribution/spec/api/',
    caution: 'A registry without "auth" in its settings lets everybody push. Set it up first.',
    opens: [
      { paths: ['/v2'], why: 'docker, podman, skopeo, containerd; token or name and password each time' },
    ],
  },
  harbor: {
    title: 'Harbor',
    source:
      'https://goharbor.io/docs/latest/working-with-projects/working-with-images/pulling-pushing-images/',
    caution: 'Public projects can be pulled by everybody then. Its pages and its API stay closed.',
    opens: [
      { paths: ['/v2'], why: 'docker, podman, helm; token each time' },
      { paths: ['=/service/token'], methods: ['GET', 'POST'], why: 'gives tokens; name and password' },
    ],
  },
  grafana: {
    title: 'Grafana',
    source: 'https://grafana.com/docs/grafana/latest/developers/http_api/authentication/',
    caution:
      'The API takes name and password, too, and asks nobody where anonymous access is on in Grafana. Its pages stay closed.',
    opens: [
      { paths: ['=/api/health'], methods: ['GET'], why: 'says that it is well' },
      {
        paths: [
          '/api/dashboards',
          '/api/datasources',
          '/api/search',
          '/api/folders',
          '/api/annotations',
          '/api/ds',
        ],
        why: 'programs with a service account token',
      },
      {
        paths: ['/api/v1/provisioning', '/api/prometheus', '/api/alertmanager'],
        why: 'alerts; asks for a token',
      },
    ],
  },
  prometheus: {
    title: 'Prometheus and its kin as a target of remote write',
    source: 'https://prometheus.io/docs/specs/prw/remote_write_spec/',
    caution:
      'Prometheus asks nobody who he is unless it has a web.config.file. Prefer a service token of the edge.',
    opens: [{ paths: ['=/api/v1/write'], methods: ['POST'], why: 'other servers write their samples' }],
  },
  n8n: {
    title: 'n8n',
    source: 'https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/',
    caution:
      'A webhook asks for what its node says; without that, whoever knows its address starts the workflow.',
    opens: [
      {
        paths: ['/webhook', '/webhook-waiting'],
        why: 'webhooks of active workflows; the address is the secret',
      },
      { paths: ['/api/v1'], why: 'programs; asks for the API key' },
    ],
  },
  'node-red': {
    title: 'Node-RED',
    source: 'https://nodered.org/docs/user-guide/runtime/securing-node-red',
    caution:
      'Flows answer under any path; let them stand below /hook, and set adminAuth: the editor stays closed.',
    opens: [
      { paths: ['/hook'], why: 'HTTP nodes of flows, if you put them there; ask for a secret in the flow' },
    ],
  },
} as const satisfies Readonly<Record<string, AccessPreset>>;
