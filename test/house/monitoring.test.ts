// What is shipped for Prometheus and Grafana: the rules load and fire, and every metric they name is one that we have.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { isInstalled, repositoryRoot, startProcess } from '../support/process.ts';

const rulesFile = join(repositoryRoot, 'examples/prometheus-rules.yml');
const limit = { timeout: 120_000 };

interface RulesFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary?: string; readonly cure?: string };
    }[];
  }[];
}
const rules = (parse(readFileSync(rulesFile, 'utf8')) as RulesFile).groups.flatMap((group) => group.rules);

/** An alert, the series that makes it fire, in promtool's words, and when it has. */
const cases: readonly (readonly [string, string, string, string])[] = [
  ['SallyportDown', 'up{job="sallyport-edge", instance="edge"}', '1 1 0x5', '5m'],
  ['SallyportNoTunnel', 'sallyport_edge_requests_active{instance="edge"}', '3x10', '5m'],
  [
    'SallyportTunnelFlaps',
    'sallyport_edge_tunnel_disconnects_total{instance="edge", reason="ping-timeout"}',
    '0+2x20',
    '15m',
  ],
  ['SallyportHostnameMoved', 'sallyport_edge_hostname_moves_total{instance="edge"}', '0 0 1x10', '6m'],
  ['SallyportNamesNotDone', 'sallyport_dns_names{instance="edge", state="failed"}', '1x60', '40m'],
  ['SallyportHeldUp', 'sallyport_event_loop_delay_seconds{instance="edge"}', '2x20', '10m'],
  ['SallyportAccessLogLost', 'sallyport_edge_access_log_dropped_total{instance="edge"}', '0 5x20', '5m'],
  ['SallyportConnectorRefused', 'sallyport_connector_state{state="unauthorized"}', '1x5', '2m'],
  ['SallyportConnectorConfigBroken', 'sallyport_connector_config_broken', '1x5', '2m'],
  ['SallyportClockWrong', 'sallyport_connector_clock_skew_seconds', '-90x20', '10m'],
];

test('each alert fires on the series it is made for, and on no quiet one', limit, async () => {
  assert.ok(
    await isInstalled('promtool'),
    'promtool is not installed; run test/system-packages.sh (Debian: prometheus)',
  );
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-'));
  try {
    const file = join(folder, 'tests.yml');
    // With an alert that nothing fires, promtool lists what did fire: so each is asked for by name, and "quiet" by none.
    for (const [alert, series, values, at] of cases) {
      const scene = (seriesValues: string) => ({
        rule_files: [rulesFile],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: [{ series, values: seriesValues }],
            alert_rule_test: [{ alertname: alert, eval_time: at, exp_alerts: [] }],
          },
        ],
      });
      writeFileSync(file, JSON.stringify(scene(values)));
      const firing = startProcess('promtool', ['test', 'rules', file]);
      assert.equal(await firing.ended, 1, `${alert} does not fire on ${values}`);
      assert.match(
        firing.stdout() + firing.stderr(),
        new RegExp(`alertname: ?${alert}|alertname="${alert}"`),
      );
      if (alert === 'SallyportNoTunnel') continue;
      writeFileSync(file, JSON.stringify(scene(alert === 'SallyportDown' ? '1x60' : '0x60')));
      const quiet = startProcess('promtool', ['test', 'rules', file]);
      assert.equal(await quiet.ended, 0, `${alert} fires on nothing: ${quiet.stderr()}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('every alert says what is wrong and what to do', () => {
  for (const { alert, annotations } of rules) {
    assert.ok(annotations.summary, `${alert} has a summary`);
    assert.ok(annotations.cure, `${alert} has a cure`);
  }
});

test('rules and dashboard name only metrics that there are', () => {
  const known = new Set<string>();
  for (const file of globSync('src/**/*.ts', { cwd: repositoryRoot }))
    for (const [, name] of readFileSync(join(repositoryRoot, file), 'utf8').matchAll(/'(sallyport_\w+)'/g))
      known.add(name!);
  const dashboard = readFileSync(join(repositoryRoot, 'examples/grafana-dashboard.json'), 'utf8');
  const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
  assert.ok(panels.length >= 10);
  const expressions = [...rules.map(({ expr }) => expr), ...panels.map(({ targets }) => targets[0]!.expr)];
  for (const expression of expressions)
    for (const [name] of expression.matchAll(/sallyport_\w+/g))
      assert.ok(known.has(name.replace(/_bucket$/, '')), `${name} in ${expression}`);
});
