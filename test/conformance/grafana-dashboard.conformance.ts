// The dashboard that is shipped, loaded by Grafana's own library (a Go module under the Apache licence; the program around it,
// grafana-loader/, is built once into the user's cache). Without Go this is skipped with one line. That Prometheus answers every
// panel is shown by test/house/monitoring.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { goIsMissing, goProgram } from '../support/go-tool.ts';
import { repositoryRoot, startProcess } from '../support/process.ts';

const shipped = readFileSync(join(repositoryRoot, 'examples/grafana-dashboard.json'), 'utf8');

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets: readonly { readonly expr: string }[];
}

/** Panel types that Grafana comes with, as far as it is used here. */
const panelTypes = new Set(['timeseries', 'stat', 'table', 'gauge', 'bargauge', 'heatmap', 'logs']);

test("Grafana's own library loads the dashboard, every panel with its query, and refuses a wrong one", async (context) => {
  const loader = await goProgram(join(repositoryRoot, 'test/conformance/grafana-loader'));
  if (loader === undefined) return context.skip(goIsMissing);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-grafana-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const load = async (text: string): Promise<{ code: number; out: string; error: string }> => {
    const file = join(folder, 'dashboard.json');
    writeFileSync(file, text);
    const running = startProcess(loader, [file]);
    const code = await running.ended;
    return { code, out: running.stdout(), error: running.stderr() };
  };
  const loaded = await load(shipped);
  assert.equal(loaded.code, 0, loaded.error);
  const { panels } = JSON.parse(shipped) as { panels: Panel[] };
  assert.deepEqual(
    JSON.parse(loaded.out),
    panels.map(({ title, type, targets }) => ({ title, type, expressions: targets.map(({ expr }) => expr) })),
  );
  for (const { title, type } of panels) assert.ok(panelTypes.has(type), `${title}: ${type}`);
  const wrong = await load(shipped.replace('"gridPos"', '"gridPosition"'));
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.error, /unexpected field 'gridPosition'/);
});
