// Writes grafana/dashboards/mcp-services.json from the code in grafana/code. With --check it writes nothing and fails when
// the file is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dashboardOf } from '../grafana/code/dashboard.ts';

const FILE = 'grafana/dashboards/mcp-services.json';
const text = `${JSON.stringify(dashboardOf(), null, 2)}\n`;
const isFresh = existsSync(FILE) && readFileSync(FILE, 'utf8') === text;

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!isFresh) {
  console.error(`${FILE} is stale; run: npm run docs`);
  process.exitCode = 1;
}
