// The completion scripts, in the shells that they are for (bash, zsh and fish from Debian).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-completion-'));
  for (const shell of shells) writeFileSync(scriptOf(shell), sallyport('completion', shell));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function sallyport(...args: string[]): string {
  return execFileSync(sallyportCommand, args, { encoding: 'utf8' });
}

function scriptOf(shell: string): string {
  return join(folder, `script.${shell}`);
}

/** What a shell prints for a text of commands; it starts without the user's own files. */
function inShell(shell: (typeof shells)[number], text: string): string[] {
  const bare = { bash: ['--norc', '-c'], zsh: ['-f', '-c'], fish: ['--no-config', '-c'] }[shell];
  return execFileSync(shell, [...bare, text], { encoding: 'utf8', cwd: folder, timeout: 60_000 })
    .trim()
    .split(/\s*\n/);
}

const skipOf = (shell: string): string | false =>
  spawnSync(shell, ['--version']).status === 0
    ? false
    : `${shell} is missing; test/system-packages.sh installs it`;

test('bash offers the words and the flags that may follow', { skip: skipOf('bash') }, () => {
  const offered = (...words: string[]): string[] =>
    inShell(
      'bash',
      `source ${scriptOf('bash')}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _sallyport; printf '%s\n' "\${COMPREPLY[@]}"`,
    );
  assert.deepEqual(offered('sallyport', 'tun'), ['tunnel']);
  assert.ok(offered('sallyport', 'tunnel', '').includes('rotate'));
  assert.ok(offered('sallyport', 'route', 'add', '--').includes('--tunnel'));
  assert.deepEqual(offered('sallyport', '--output', 'rou'), ['route']);
});

test('zsh takes the script as the completion of sallyport', { skip: skipOf('zsh') }, () => {
  const [registered] = inShell(
    'zsh',
    `autoload -Uz compinit; compinit -u -d ${join(folder, 'dump')}; source ${scriptOf('zsh')}; print -r -- "\${_comps[sallyport]}"`,
  );
  assert.match(registered!, /_sallyport/);
});

test(
  'fish offers the words and the flags that may follow, with what they are',
  { skip: skipOf('fish') },
  () => {
    const offered = (line: string): string[] =>
      inShell('fish', `source ${scriptOf('fish')}; complete -C '${line}'`);
    assert.match(offered('sallyport tun')[0]!, /^tunnel/);
    assert.ok(offered('sallyport tunnel ').some((line) => /^rotate\t.*secret/.test(line)));
    assert.ok(offered('sallyport route add --').some((line) => line.startsWith('--tunnel\t')));
  },
);
