// Runs nine wrappers under load with faults before a real Prometheus and Alertmanager for about a minute, sends them every
// query of the dashboard, and prints what came back and which alerts arrived. Exit code 1 when something is missing.
// With --picture it takes a minute longer and draws the dashboard from the answers into docs/dashboard.svg.
// Needs `npm run build` and Debian's packages prometheus and prometheus-alertmanager.
import { writeFileSync } from 'node:fs';
import { observe } from './lib/observatory/observatory.ts';
import { pictureOf } from './lib/observatory/picture.ts';
import { tableOf } from './lib/observatory/table.ts';

const hasPicture = process.argv.includes('--picture');
const observed = await observe(hasPicture ? 30_000 : 8_000, hasPicture ? 30_000 : 0, (text) => console.error(text));
if (hasPicture) writeFileSync('docs/dashboard.svg', pictureOf(observed));
const { text, empty } = tableOf(observed);
console.log(text);
for (const name of observed.missing) console.error(`did not arrive: ${name}`);
for (const name of empty) console.error(`no data: ${name}`);
if (observed.missing.length + empty.length > 0) process.exitCode = 1;
