// What is shipped for Prometheus and Grafana: the rules load and fire, and every metric they name is one that we have.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isInstalled, repositoryRoot, startProcess } from '../support/process.ts';

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

/** An alert, the series that makes it fire, in promtool's words, and when it has; and a limit that is 100 all the time. */
const cases: readonly (readonly [string, string, string, string, quiet?: string, limit?: string])[] = [
  ['SallyportDown', 'up{job="sallyport-edge", instance="edge"}', '1 1 0x5', '5m', '1x60'],
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
  [
    'SallyportMemory',
    'sallyport_resident_bytes{instance="edge"}',
    '81x20',
    '10m',
    '80x60',
    'sallyport_memory_limit_bytes{instance="edge"}',
  ],
  [
    'SallyportDescriptors',
    'sallyport_open_descriptors{instance="edge"}',
    '81x20',
    '10m',
    '80x60',
    'sallyport_descriptor_limit{instance="edge"}',
  ],
  ['SallyportAccessLogLost', 'sallyport_edge_access_log_dropped_total{instance="edge"}', '0 5x20', '5m'],
  ['SallyportConnectorRefused', 'sallyport_connector_state{state="unauthorized"}', '1x5', '2m'],
  ['SallyportConnectorConfigBroken', 'sallyport_connector_config_broken', '1x5', '2m'],
  ['SallyportClockWrong', 'sallyport_connector_clock_skew_seconds', '-90x20', '10m'],
  [
    'SallyportPartDown',
    'sallyport_health_parts{instance="edge", kind="origin", state="down"}',
    '2x20',
    '10m',
  ],
  [
    'SallyportHostnameNotReached',
    'sallyport_probe_success{instance="edge", hostname="nas.example.com", from="edge"}',
    '0x20',
    '10m',
    '1x60',
  ],
  [
    'SallyportShownCertificateEnds',
    'sallyport_probe_certificate_end_seconds{instance="edge", hostname="nas.example.com", from="edge"}',
    '90000x20',
    '15m',
    '900000x60',
  ],
  ['SallyportChannelFails', 'sallyport_notify_channels_failing{instance="edge"}', '1x30', '20m'],
  [
    'SallyportMessagesLost',
    'sallyport_notify_messages_total{instance="edge", outcome="given-up"}',
    '0 0 1x20',
    '5m',
  ],
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
    for (const [alert, series, values, at, quietValues = '0x60', limitSeries] of cases) {
      const limits = limitSeries === undefined ? [] : [{ series: limitSeries, values: '100x60' }];
      const scene = (seriesValues: string) => ({
        rule_files: [rulesFile],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: [{ series, values: seriesValues }, ...limits],
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
      writeFileSync(file, JSON.stringify(scene(quietValues)));
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
  const expressions = [
    ...rules.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  for (const expression of expressions)
    for (const [name] of expression.matchAll(/sallyport_\w+/g))
      assert.ok(known.has(name.replace(/_bucket$/, '')), `${name} in ${expression}`);
});

test(
  'a real Prometheus loads the rules, scrapes a running edge, and answers every panel of the dashboard',
  limit,
  async () => {
    assert.ok(
      await isInstalled('prometheus'),
      'prometheus is not installed; run test/system-packages.sh (Debian: prometheus)',
    );
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-prometheus-'));
    const demo = await startDemo();
    const port = await freePort();
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rulesFile],
      scrape_configs: [
        { job_name: 'sallyport-edge', static_configs: [{ targets: [new URL(demo.metrics.edge).host] }] },
      ],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const running = startProcess('prometheus', [
      ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const ask = async (path: string): Promise<{ status: string; data: never }> =>
      (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as {
        status: string;
        data: never;
      };
    const query = (expr: string) => ask(`query?query=${encodeURIComponent(expr)}`);
    try {
      await eventually('the edge was scraped', async () => {
        if (running.exitCode() !== null) throw new Error(running.stderr());
        const { data } = await query('up{job="sallyport-edge"} == 1').catch(() => ({ data: undefined }));
        return ((data as { result: unknown[] } | undefined)?.result.length ?? 0) > 0;
      });
      const { groups } = (await ask('rules')).data as {
        groups: { rules: { name: string; health: string }[] }[];
      };
      const loaded = groups.flatMap((group) => group.rules);
      assert.deepEqual(loaded.map(({ name }) => name).toSorted(), rules.map(({ alert }) => alert).toSorted());
      const { panels } = JSON.parse(
        readFileSync(join(repositoryRoot, 'examples/grafana-dashboard.json'), 'utf8'),
      ) as { panels: { title: string; targets: { expr: string }[] }[] };
      for (const { title, targets } of panels)
        for (const { expr } of targets) {
          // What Grafana puts in place of its variables.
          const { status } = await query(expr.replaceAll(/\$__(rate_)?interval/g, '1m'));
          assert.equal(status, 'success', `${title}: ${expr}`);
        }
      const parts = (await query('sallyport_health_parts{kind="listener",state="ok"} > 0')).data as {
        result: unknown[];
      };
      assert.equal(parts.result.length, 1);
    } finally {
      await running.stop();
      await demo.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
