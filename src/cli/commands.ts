// Every command there is, in the order that help shows them.
import type { Command } from './command.ts';
import { demoCommand } from './demo.ts';
import { edgeRunCommand } from './edge-run.ts';
import { ingressRuleCommand } from './ingress-rule.ts';
import { ingressValidateCommand } from './ingress-validate.ts';
import { tunnelCreateCommand } from './tunnel-create.ts';
import { tunnelReadyCommand } from './tunnel-ready.ts';
import { connectCommand, tunnelRunCommand } from './tunnel-run.ts';
import { tunnelTokenCommand } from './tunnel-token.ts';
import { versionCommand } from './version.ts';

export const commands: readonly Command[] = [
  demoCommand,
  edgeRunCommand,
  tunnelRunCommand,
  connectCommand,
  tunnelCreateCommand,
  tunnelTokenCommand,
  tunnelReadyCommand,
  ingressValidateCommand,
  ingressRuleCommand,
  versionCommand,
];
