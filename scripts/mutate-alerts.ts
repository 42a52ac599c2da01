// Changes each sign, threshold and waiting time of config/prometheus/rules, one at a time, and expects a promtool test to
// fail. Exit code 1 when a change goes unnoticed. Needs promtool (Debian's package prometheus).
import { nameOf, survivors } from './lib/rule-tests.ts';

const alive = await survivors(2, (rule, mutants) => console.log(`${nameOf(rule)}: ${mutants} mutants`));
for (const { name, change, rule } of alive) console.error(`no test notices: ${name}: ${change}\n  ${rule.expr.trim()}`);
console.log(alive.length === 0 ? 'every mutant is noticed' : `${alive.length} mutants go unnoticed`);
if (alive.length > 0) process.exitCode = 1;
