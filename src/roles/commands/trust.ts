// `sallyport trust`: finds out what this machine has, and carries the plan of certs/trust out, step by step, each with its
// outcome. Whatever cannot be done is said with the command that would do it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { errorText, SallyportError } from '#base/errors.ts';
import { version } from '#base/version.ts';
import { createWebClient } from '#base/net/web-client.ts';
import { isFingerprint, readRoots, type RootCertificate } from '#certs/trust/root-certificates.ts';
import { rootPagePath } from '#certs/trust/root-page.ts';
import { type TrustFacts, trustPlan, type TrustStep } from '#certs/trust/trust-plan.ts';
import type { RootsOrigin, TrustChange, TrustOutcome, TrustRoot } from '#cli/runners.ts';

const fetchTimeoutMs = 15_000;

/** The roots in a file, or on an edge's plain listener; from there, only those whose fingerprint is vouched for. */
export async function rootsFrom(origin: RootsOrigin): Promise<TrustRoot[]> {
  return (await load(origin)).map(factsOf);
}

/** Installs or removes roots; resolves with what became of each step. */
export async function changeTrust(change: TrustChange): Promise<TrustOutcome[]> {
  const roots = await load(change.origin);
  vouch(change, roots);
  const caFile = change.origin.kind === 'file' ? change.origin.file : 'ca.pem';
  const steps = trustPlan({ ...change, roots, caFile }, machineFacts());
  return steps.map((step) => (change.isDryRun ? announced(step) : perform(step)));
}

function factsOf({ commonName, fingerprint, notAfterMs }: RootCertificate): TrustRoot {
  return { commonName, fingerprint, notAfterMs };
}

/** Plain HTTP can be changed by anybody on the way: the first root's fingerprint has to be known from elsewhere. */
function vouch({ origin, action, fingerprints }: TrustChange, roots: readonly RootCertificate[]): void {
  if (origin.kind === 'file' || action === 'uninstall') return;
  const unknown = roots.filter((root) => !fingerprints.some((typed) => isFingerprint(typed, root)));
  if (unknown.length === 0) return;
  throw new SallyportError(
    'certificate-invalid',
    `${origin.url} was read without encryption; give --fingerprint for each root, as "sallyport trust show" prints it on the edge (missing: ${unknown.map(({ fingerprint }) => fingerprint).join(', ')}, if that is what the edge prints).`,
  );
}

async function load(origin: RootsOrigin): Promise<RootCertificate[]> {
  if (origin.kind === 'url') return readRoots(await fetchPem(origin.url), origin.url);
  let pem: string;
  try {
    pem = readFileSync(origin.file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `${origin.file} could not be read (${errorText(error)}); name the edge's ca.pem with --ca, or its address with --url.`,
      { cause: error },
    );
  }
  return readRoots(pem, origin.file);
}

async function fetchPem(text: string): Promise<string> {
  const web = createWebClient({ userAgent: `sallyport/${version}`, timeoutMs: fetchTimeoutMs });
  const failed = (why: string, cause?: unknown): SallyportError =>
    new SallyportError(
      'edge-unreachable',
      `No CA was got from ${text} (${why}); --url is an edge's plain address, such as http://edge.example.com, and the edge needs internalCa: true.`,
      { cause },
    );
  try {
    const url = new URL(`${rootPagePath}.pem`, text.includes('://') ? text : `http://${text}`);
    const answer = await web({ url: url.href, method: 'GET' }, AbortSignal.timeout(fetchTimeoutMs));
    if (answer.status !== 200) throw failed(`status ${answer.status}`);
    return answer.body.toString('latin1');
  } catch (error) {
    throw error instanceof SallyportError ? error : failed(errorText(error), error);
  } finally {
    web.close();
  }
}

function machineFacts(): TrustFacts {
  return {
    platform: process.platform,
    exists: existsSync,
    hasProgram: (name) => programFolders().some((folder) => isExecutable(join(folder, name))),
    nssDatabases: nssDatabases(ownersHome()),
  };
}

/** With those that a user's PATH leaves out. */
function programFolders(): string[] {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Under sudo the browsers that count are those of the user who typed it. */
function ownersHome(): string {
  const user = process.env['SUDO_USER'] ?? '';
  if (user === '' || !existsSync('/etc/passwd')) return homedir();
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${user}:`));
  return line?.split(':')[5] ?? homedir();
}

const firefoxFolders = [
  '.mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
];
const chromiumFolders = ['.pki/nssdb', 'snap/chromium/current/.pki/nssdb'];

function nssDatabases(home: string): string[] {
  const profiles = firefoxFolders.flatMap((folder) => {
    try {
      return readdirSync(join(home, folder)).map((name) => join(home, folder, name));
    } catch {
      return [];
    }
  });
  const folders = [...chromiumFolders.map((folder) => join(home, folder)), ...profiles];
  return folders.filter((folder) => existsSync(join(folder, 'cert9.db')));
}

/** What a step would do. */
function announced(step: TrustStep): TrustOutcome {
  const { place } = step;
  if (step.kind === 'say') return { place, state: 'told', text: step.text };
  const what = step.kind === 'run' ? `run ${step.command.join(' ')}` : `${step.kind} ${step.file}`;
  return { place, state: 'planned', text: what };
}

function perform(step: TrustStep): TrustOutcome {
  const { place } = step;
  try {
    switch (step.kind) {
      case 'say':
        return { place, state: 'told', text: step.text };
      case 'write':
        writeFileSync(step.file, step.text, { mode: 0o644 });
        return { place, state: 'done', text: `wrote ${step.file}` };
      case 'remove':
        rmSync(step.file, { force: true });
        return { place, state: 'done', text: `removed ${step.file}` };
      case 'run':
        return runStep(step);
    }
  } catch (error) {
    const isDenied = ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');
    const text = `${errorText(error)}${isDenied ? '; run it as root: sudo sallyport trust ...' : ''}`;
    return { place, state: 'failed', text };
  }
}

function runStep(step: TrustStep & { readonly kind: 'run' }): TrustOutcome {
  const [program = '', ...args] = step.command;
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input: step.input ?? '',
    env: { ...process.env, PATH: programFolders().join(delimiter) },
  });
  const command = [program, args[0]].join(' ').trim();
  if (status === 0) return { place: step.place, state: 'done', text: `ran ${command}` };
  if (step.mayFail && !error) return { place: step.place, state: 'done', text: 'was not there' };
  const why = error ? errorText(error) : stderr.trim().split('\n').at(-1);
  return { place: step.place, state: 'failed', text: `${command} failed (${why})` };
}
