import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from './commands.ts';
import { parseArguments } from './parse-arguments.ts';

test('flags are taken before and after the subcommand, and beat the environment', () => {
  const argv = 'tunnel --no-autoupdate --loglevel info --metrics 0.0.0.0:2000 run --token X'.split(' ');
  const { command, input } = parseArguments(argv, commands, {
    TUNNEL_TOKEN: 'env',
    TUNNEL_GRACE_PERIOD: '5s',
  });
  assert.deepEqual(command?.words, ['tunnel', 'run']);
  assert.equal(input.flags.get('token'), 'X');
  assert.equal(input.flags.get('metrics'), '0.0.0.0:2000');
  assert.equal(input.flags.get('grace-period'), 5000);
});

test('a mistyped flag is a usage error that names the right one', () => {
  assert.throws(
    () => parseArguments(['demo', '--https-prot', '1'], commands, {}),
    /did you mean --https-port/,
  );
});

test('a form of output that does not exist is refused before the command does anything', () => {
  const parse = (form: string): unknown => parseArguments(['edge', 'init', '-o', form], commands, {});
  assert.throws(() => parse('yaml'), /is text or json, not "yaml"/);
  for (const form of ['text', 'json']) assert.doesNotThrow(() => parse(form));
});

test('a flag takes a value in every command or in none: it is read before the command is known', () => {
  const takes = new Map<string, boolean>();
  for (const { words, flags } of commands) {
    for (const { name, type } of flags) {
      const takesValue = type !== 'boolean';
      assert.equal(takesValue, takes.get(name) ?? takesValue, `--${name} of "${words.join(' ')}"`);
      takes.set(name, takesValue);
    }
  }
});
