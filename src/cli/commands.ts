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
import { dnsCheckCommand } from './dns/dns-check.ts';
import { dnsExportCommand } from './dns/dns-export.ts';
import { dnsApplyCommand, dnsPlanCommand } from './dns/dns-plan.ts';
import { edgeInitCommand } from './machine/edge-init.ts';
import { edgeRunCommand } from './machine/edge-run.ts';
import { importCommand } from './import.ts';
import { edgeUpgradeCommand } from './machine/edge-upgrade.ts';
import { ingressRuleCommand } from './tunnel/ingress-rule.ts';
import { ingressValidateCommand } from './tunnel/ingress-validate.ts';
import { restoreCommand } from './machine/restore.ts';
import { tunnelCreateCommand } from './tunnel/tunnel-create.ts';
import { tunnelReadyCommand } from './tunnel/tunnel-ready.ts';
import { connectCommand, tunnelRunCommand } from './tunnel/tunnel-run.ts';
import { tunnelTokenCommand } from './tunnel/tunnel-token.ts';
import { trustInstallCommand, trustUninstallCommand } from './machine/trust-install.ts';
import { trustShowCommand } from './machine/trust-show.ts';
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
