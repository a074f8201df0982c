// Where a root has to go so that the programs of a machine believe it: a pure function of what there is. Every system has a
// folder for roots of its owner's and a program that gathers them; Chromium and Firefox have databases of their own. What
// we do not do ourselves is said as the command to run.
import type { RootCertificate } from './root-certificates.ts';

/** What was found on this machine. */
export interface TrustFacts {
  readonly platform: string;
  /** Folders and files that exist, of those that `trustPlaces` asks about. */
  readonly exists: (path: string) => boolean;
  /** Programs that can be run by name. */
  readonly hasProgram: (name: string) => boolean;
  /** Folders of NSS databases: Chromium's and the profiles of Firefox. */
  readonly nssDatabases: readonly string[];
}

/** One thing to do, or to say. */
export type TrustStep =
  | { readonly kind: 'write'; readonly place: string; readonly file: string; readonly text: string }
  | { readonly kind: 'remove'; readonly place: string; readonly file: string }
  | {
      readonly kind: 'run';
      readonly place: string;
      readonly command: readonly string[];
      readonly input?: string;
      /** A failure means that there was nothing to do. */
      readonly mayFail?: boolean;
    }
  | { readonly kind: 'say'; readonly place: string; readonly text: string };

export interface TrustRequest {
  readonly roots: readonly RootCertificate[];
  readonly action: 'install' | 'uninstall';
  /** Which places: the system's store, browsers' own databases. */
  readonly system: boolean;
  readonly browsers: boolean;
  /** Where the roots stand in a file, for commands that are only said. */
  readonly caFile: string;
}

interface SystemStore {
  readonly label: string;
  readonly folder: string;
  readonly update: readonly string[];
}

/** Folder for the owner's roots, and the program that takes them up; the first that is there counts. */
const systemStores: readonly SystemStore[] = [
  {
    label: 'the system (Fedora, RHEL)',
    folder: '/etc/pki/ca-trust/source/anchors',
    update: ['update-ca-trust', 'extract'],
  },
  {
    label: 'the system (Arch)',
    folder: '/etc/ca-certificates/trust-source/anchors',
    update: ['update-ca-trust'],
  },
  { label: 'the system (openSUSE)', folder: '/etc/pki/trust/anchors', update: ['update-ca-certificates'] },
  {
    label: 'the system (Debian, Ubuntu, Alpine)',
    folder: '/usr/local/share/ca-certificates',
    update: ['update-ca-certificates'],
  },
];

/** What has to be done, in order. */
export function trustPlan(request: TrustRequest, facts: TrustFacts): TrustStep[] {
  return [
    ...(request.system ? systemSteps(request, facts) : []),
    ...(request.browsers ? browserSteps(request, facts) : []),
  ];
}

/** Name under which a root is kept; its fingerprint keeps two edges' roots apart. */
export function trustName({ fingerprint }: RootCertificate): string {
  return `sallyport-${fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}`;
}

function systemSteps(request: TrustRequest, facts: TrustFacts): TrustStep[] {
  const { action, caFile, roots } = request;
  const say = (place: string, text: string): TrustStep[] => [{ kind: 'say', place, text }];
  if (facts.platform === 'darwin') {
    const command =
      action === 'install'
        ? `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${caFile}`
        : `sudo security remove-trusted-cert -d ${caFile}`;
    return say('macOS', `run: ${command}`);
  }
  if (facts.platform === 'win32') {
    const command =
      action === 'install'
        ? `certutil -addstore -f ROOT ${caFile}`
        : `certutil -delstore ROOT ${roots.map(({ commonName }) => `"${commonName}"`).join(' ')}`;
    return say('Windows', `run as administrator: ${command}`);
  }
  if (facts.exists('/etc/NIXOS')) {
    const line = `security.pki.certificateFiles = [ ${caFile} ];`;
    return say(
      'NixOS',
      action === 'install' ? `add to configuration.nix: ${line}` : `take out of configuration.nix: ${line}`,
    );
  }
  const store = systemStores.find(
    ({ folder, update }) => facts.exists(folder) && facts.hasProgram(update[0]!),
  );
  if (!store) {
    return say(
      'the system',
      `no store of a kind that is known here was found; programs that take a CA file can use ${caFile}`,
    );
  }
  const place = store.label;
  const files = roots.map((root): TrustStep => {
    const file = `${store.folder}/${trustName(root)}.crt`;
    return action === 'install'
      ? { kind: 'write', place, file, text: root.pem }
      : { kind: 'remove', place, file };
  });
  return [...files, { kind: 'run', place, command: store.update }];
}

/** Chromium and Firefox on Linux look into NSS databases; elsewhere they ask the system. */
function browserSteps(request: TrustRequest, facts: TrustFacts): TrustStep[] {
  if (facts.platform !== 'linux' || facts.nssDatabases.length === 0) return [];
  if (!facts.hasProgram('certutil')) {
    return [
      {
        kind: 'say',
        place: 'Chromium and Firefox',
        text: 'certutil is missing; install it (Debian: libnss3-tools, Fedora: nss-tools, Arch: nss) and run this again',
      },
    ];
  }
  return facts.nssDatabases.flatMap((folder) =>
    request.roots.map((root): TrustStep => {
      const place = `the browser database ${folder}`;
      const database = ['-d', `sql:${folder}`, '-n', trustName(root)];
      if (request.action === 'uninstall')
        return { kind: 'run', place, command: ['certutil', '-D', ...database], mayFail: true };
      // Trusted to vouch for web sites (C), and for nothing else.
      return {
        kind: 'run',
        place,
        command: ['certutil', '-A', ...database, '-t', 'C,,', '-a'],
        input: root.pem,
      };
    }),
  );
}
