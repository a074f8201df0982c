// The lines that start a connector with its token, for each way people run one: they can be pasted as they are.

export interface StartWay {
  readonly id: 'shell' | 'systemd' | 'docker' | 'kubernetes' | 'nixos';
  readonly title: string;
  /** Where the lines go. */
  readonly hint: string;
  readonly text: string;
}

/** All ways, for a tunnel and its token. `isRemote`: its rules come from the edge; else it has a config.yml at home. */
export function startWays(name: string, token: string, isRemote: boolean): StartWay[] {
  const word =
    name
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'tunnel';
  const config = isRemote ? '' : ' --config /etc/sallyport/config.yml';
  return [
    {
      id: 'shell',
      title: 'Shell',
      hint: 'Runs until Ctrl-C; good for a first try.',
      text: `sallyport tunnel run --token ${token}${isRemote ? '' : ' --config config.yml'}`,
    },
    {
      id: 'systemd',
      title: 'systemd',
      hint: 'As root. The token lies in a file that only root can read.',
      text: systemd(word, token, config),
    },
    {
      id: 'docker',
      title: 'Docker',
      hint: 'No image is published yet: any glibc image runs the one executable, /usr/local/bin/sallyport here.',
      text: docker(word, token, isRemote),
    },
    {
      id: 'kubernetes',
      title: 'Kubernetes',
      hint: 'kubectl apply -f - takes it. Put in an image of yours that has the sallyport executable in its path.',
      text: kubernetes(word, token, isRemote),
    },
    {
      id: 'nixos',
      title: 'NixOS',
      hint: 'In configuration.nix. Keep the token out of the store: the file is yours to place.',
      text: nixos(word, token, config),
    },
  ];
}

function systemd(word: string, token: string, config: string): string {
  return `install -d -m 700 /etc/sallyport
(umask 077; printf '%s' '${token}' > /etc/sallyport/${word}.token)
cat > /etc/systemd/system/sallyport-${word}.service <<'UNIT'
[Unit]
Description=Sallyport connector ${word}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/local/bin/sallyport tunnel run --token-file /etc/sallyport/${word}.token${config}
Restart=on-failure
RestartSec=5s
StateDirectory=sallyport

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now sallyport-${word}`;
}

function docker(word: string, token: string, isRemote: boolean): string {
  const lines = [
    `docker run --detach --name sallyport-${word} --restart unless-stopped`,
    `--env TUNNEL_TOKEN=${token}`,
    '--volume /usr/local/bin/sallyport:/usr/local/bin/sallyport:ro',
    ...(isRemote ? [] : ['--volume "$PWD/config.yml:/etc/sallyport/config.yml:ro"']),
    `debian:stable-slim sallyport tunnel run${isRemote ? '' : ' --config /etc/sallyport/config.yml'}`,
  ];
  return lines.join(' \\\n  ');
}

function kubernetes(word: string, token: string, isRemote: boolean): string {
  const config = isRemote ? '' : ', --config, /etc/sallyport/config.yml';
  const mount = isRemote
    ? ''
    : `
          volumeMounts:
            - { name: config, mountPath: /etc/sallyport }
      volumes:
        - name: config
          configMap: { name: sallyport-${word} }`;
  return `apiVersion: v1
kind: Secret
metadata:
  name: sallyport-${word}
stringData:
  token: ${token}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: sallyport-${word}
spec:
  replicas: 2
  selector:
    matchLabels: { app: sallyport-${word} }
  template:
    metadata:
      labels: { app: sallyport-${word} }
    spec:
      containers:
        - name: sallyport
          image: registry.example.com/sallyport:latest
          command: [sallyport, tunnel, --metrics, '0.0.0.0:2000', run${config}]
          env:
            - name: TUNNEL_TOKEN
              valueFrom:
                secretKeyRef: { name: sallyport-${word}, key: token }
          readinessProbe:
            httpGet: { path: /ready, port: 2000 }${mount}`;
}

function nixos(word: string, token: string, config: string): string {
  return `# The token, once, as root:
#   install -d -m 700 /etc/sallyport
#   (umask 077; printf '%s' '${token}' > /etc/sallyport/${word}.token)
systemd.services.sallyport-${word} = {
  description = "Sallyport connector ${word}";
  wantedBy = [ "multi-user.target" ];
  wants = [ "network-online.target" ];
  after = [ "network-online.target" ];
  serviceConfig = {
    ExecStart = "/usr/local/bin/sallyport tunnel run --token-file /etc/sallyport/${word}.token${config}";
    Restart = "on-failure";
    RestartSec = 5;
    StateDirectory = "sallyport";
  };
};`;
}
