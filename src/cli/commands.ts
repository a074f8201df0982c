// Every command there is, in the order that help shows them.
import type { Command } from './command.ts';
import { accessKeysCommand, accessRotateKeysCommand } from './edge/access-keys.ts';
import {
  accessAddressesCommand,
  accessEndCommand,
  accessSessionsCommand,
  accessSetCommand,
  accessTestCommand,
} from './edge/access.ts';
import { accessPresetsCommand } from './edge/presets.ts';
import { completionCommand } from './completion.ts';
import { demoCommand } from './demo.ts';
import {
  apiKeyCreateCommand,
  apiKeyDeleteCommand,
  apiKeyListCommand,
  userCreateCommand,
  userDeleteCommand,
  userLinkCommand,
  userListCommand,
  userUpdateCommand,
} from './edge/users.ts';
import {
  certImportCommand,
  certListCommand,
  certRemoveCommand,
  certRenewCommand,
  certShowCommand,
} from './edge/certificates.ts';
import { banLiftCommand, banListCommand } from './edge/bans.ts';
import { cacheListCommand, cachePurgeCommand, cacheStatusCommand } from './edge/cache.ts';
import { applyCommand, backupCommand, diffCommand, exportCommand } from './edge/lab.ts';
import { lookSetCommand, lookShowCommand } from './edge/look.ts';
import { contextListCommand, contextRemoveCommand, contextUseCommand, loginCommand } from './edge/login.ts';
import { dnsRecordsCommand, dnsStatusCommand } from './edge/dns.ts';
import {
  notifyAddCommand,
  notifyListCommand,
  notifyRemoveCommand,
  notifyTestCommand,
  notifyUpdateCommand,
} from './edge/notify.ts';
import {
  notifyHistoryCommand,
  notifyMuteCommand,
  notifyMutesCommand,
  notifyUnmuteCommand,
} from './edge/notify-mutes.ts';
import {
  portAddCommand,
  portListCommand,
  portRemoveCommand,
  portShowCommand,
  portUpdateCommand,
} from './edge/ports.ts';
import {
  exposedCommand,
  explainCommand,
  routeAddCommand,
  routeListCommand,
  routeRemoveCommand,
  routeShowCommand,
  routeUpdateCommand,
} from './edge/routes.ts';
import {
  pagePasswordDeleteCommand,
  pagePasswordListCommand,
  pagePasswordSetCommand,
} from './edge/page-passwords.ts';
import { shareCreateCommand, shareListCommand, shareRevokeCommand } from './edge/shares.ts';
import { healthCommand } from './edge/health.ts';
import { probeCommand } from './edge/probe.ts';
import { supportBundleCommand } from './edge/support-bundle.ts';
import { tunnelRouteDnsCommand } from './edge/tunnel-route-dns.ts';
import { auditCommand, connectorListCommand, logsCommand, statusCommand } from './edge/status.ts';
import {
  tunnelCleanupCommand,
  tunnelDeleteCommand,
  tunnelInfoCommand,
  tunnelListCommand,
  tunnelRevokeCommand,
  tunnelRotateCommand,
  tunnelRulesCommand,
} from './edge/tunnels.ts';
import { dnsCheckCommand } from './dns-check.ts';
import { dnsExportCommand } from './dns-export.ts';
import { dnsApplyCommand, dnsPlanCommand } from './dns-plan.ts';
import { edgeInitCommand } from './edge-init.ts';
import { edgeRunCommand } from './edge-run.ts';
import { importCommand } from './import.ts';
import { edgeUpgradeCommand } from './edge-upgrade.ts';
import { ingressRuleCommand } from './ingress-rule.ts';
import { ingressValidateCommand } from './ingress-validate.ts';
import { restoreCommand } from './restore.ts';
import { tunnelCreateCommand } from './tunnel-create.ts';
import { tunnelReadyCommand } from './tunnel-ready.ts';
import { connectCommand, tunnelRunCommand } from './tunnel-run.ts';
import { tunnelTokenCommand } from './tunnel-token.ts';
import { trustInstallCommand, trustUninstallCommand } from './trust-install.ts';
import { trustShowCommand } from './trust-show.ts';
import { versionCommand } from './version.ts';

export const commands: readonly Command[] = [
  demoCommand,
  edgeInitCommand,
  edgeRunCommand,
  edgeUpgradeCommand,
  loginCommand,
  contextListCommand,
  contextUseCommand,
  contextRemoveCommand,
  statusCommand,
  healthCommand,
  probeCommand,
  exposedCommand,
  explainCommand,
  logsCommand,
  tunnelCreateCommand,
  tunnelListCommand,
  tunnelInfoCommand,
  tunnelRunCommand,
  connectCommand,
  tunnelRouteDnsCommand,
  tunnelRulesCommand,
  tunnelRotateCommand,
  tunnelRevokeCommand,
  tunnelCleanupCommand,
  tunnelDeleteCommand,
  tunnelTokenCommand,
  tunnelReadyCommand,
  ingressValidateCommand,
  ingressRuleCommand,
  connectorListCommand,
  routeAddCommand,
  routeListCommand,
  routeShowCommand,
  routeUpdateCommand,
  routeRemoveCommand,
  portAddCommand,
  portListCommand,
  portShowCommand,
  portUpdateCommand,
  portRemoveCommand,
  cacheStatusCommand,
  cacheListCommand,
  cachePurgeCommand,
  banListCommand,
  banLiftCommand,
  dnsStatusCommand,
  dnsRecordsCommand,
  accessTestCommand,
  accessKeysCommand,
  accessRotateKeysCommand,
  accessPresetsCommand,
  accessSetCommand,
  accessAddressesCommand,
  accessSessionsCommand,
  accessEndCommand,
  lookShowCommand,
  lookSetCommand,
  pagePasswordSetCommand,
  pagePasswordListCommand,
  pagePasswordDeleteCommand,
  shareCreateCommand,
  shareListCommand,
  shareRevokeCommand,
  dnsPlanCommand,
  dnsApplyCommand,
  dnsExportCommand,
  dnsCheckCommand,
  certListCommand,
  certShowCommand,
  certRenewCommand,
  certImportCommand,
  certRemoveCommand,
  userCreateCommand,
  userListCommand,
  userUpdateCommand,
  userLinkCommand,
  userDeleteCommand,
  apiKeyCreateCommand,
  apiKeyListCommand,
  apiKeyDeleteCommand,
  notifyListCommand,
  notifyAddCommand,
  notifyUpdateCommand,
  notifyRemoveCommand,
  notifyTestCommand,
  notifyMuteCommand,
  notifyUnmuteCommand,
  notifyMutesCommand,
  notifyHistoryCommand,
  auditCommand,
  supportBundleCommand,
  importCommand,
  exportCommand,
  diffCommand,
  applyCommand,
  backupCommand,
  restoreCommand,
  completionCommand(() => commands),
  trustShowCommand,
  trustInstallCommand,
  trustUninstallCommand,
  versionCommand,
];
