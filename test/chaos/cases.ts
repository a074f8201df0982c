// Every case of the chaos runs, in the order of a long run.
import * as away from './cases/away.ts';
import * as crowds from './cases/crowds.ts';
import * as hostile from './cases/hostile.ts';
import * as lines from './cases/lines.ts';
import * as names from './cases/names.ts';
import * as phases from './cases/phases.ts';
import * as processes from './cases/processes.ts';
import * as state from './cases/state.ts';
import * as stores from './cases/stores.ts';
import * as versions from './cases/versions.ts';
import type { ChaosCase } from './run-case.ts';

/** Those of the long form; the short one in chaos.test.ts chooses its own. */
export const allCases: readonly ChaosCase[] = [
  processes.edgeReloaded,
  processes.edgeReloadedOnce,
  processes.edgeUpgraded,
  processes.edgeUpgradedOnce,
  processes.workersUpgraded,
  processes.successorKilled,
  processes.edgeKilledHandingOver,
  processes.edgeKilled,
  processes.edgeStopped,
  processes.workerKilled,
  processes.connectorKilled,
  processes.connectorStopped,
  processes.originKilled,
  processes.originStopped,
  phases.edgeKilledStarting,
  phases.edgeStoppedStarting,
  phases.workersKilledStarting,
  phases.edgeKilledStopping,
  phases.edgeKilledWriting,
  phases.connectorKilledStarting,
  phases.connectorStoppedStarting,
  phases.connectorKilledStopping,
  processes.rollingRestart,
  processes.shortRollingRestart,
  away.awayOneSecond,
  lines.halfOpenUp,
  lines.halfOpenDown,
  lines.halfOpenBoth,
  lines.addressChanged,
  lines.natFlushed,
  lines.packetsTooLong,
  lines.lossy,
  lines.starlink,
  lines.oneOfFourStalled,
  lines.edgeMoved,
  names.dnsChanged,
  names.dnsAway,
  names.dnsAwayConnectorKilled,
  away.awayOneMinute,
  away.awayOneHour,
  hostile.slowClients,
  hostile.endlessBody,
  hostile.compressedBomb,
  hostile.noDescriptors,
  hostile.noDescriptorsAtHome,
  crowds.idleWebSockets,
  crowds.manyConnections,
  crowds.headerFlood,
  crowds.rapidReset,
  crowds.continuationFlood,
  crowds.memoryTight,
  state.configPushed,
  state.credentialsRotated,
  state.credentialsRevoked,
  state.credentialsUnusable,
  state.certificateExpired,
  state.edgeClock,
  state.connectorClock,
  state.storeDamaged,
  state.diskFull,
  stores.postgresAway,
  stores.postgresFailover,
  versions.olderConnector,
  versions.olderEdge,
];
