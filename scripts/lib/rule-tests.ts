import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { type Mutant, mutantsOf, type Rule } from './mutants.ts';

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

interface TestFile {
  readonly tests: ReadonlyArray<{
    readonly alert_rule_test?: ReadonlyArray<{ readonly alertname: string; readonly exp_alerts: readonly unknown[] }>;
    readonly promql_expr_test?: ReadonlyArray<{ readonly expr: string }>;
  }>;
  readonly [other: string]: unknown;
}

export const PROMETHEUS = fileURLToPath(new URL('../../config/prometheus', import.meta.url));

function readAll<T>(folder: string): T[] {
  const path = join(PROMETHEUS, folder);
  return readdirSync(path).map((file) => parse(readFileSync(join(path, file), 'utf8')) as T);
}

export function ruleGroups(): RuleGroup[] {
  return readAll<{ groups: RuleGroup[] }>('rules').flatMap(({ groups }) => groups);
}

/** The name under which tests ask for a rule. */
export function nameOf(rule: Rule): string {
  return rule.alert ?? rule.record ?? '';
}

/** The test files with only what asks for one rule, so that its own tests have to notice a change of it. */
export function testsOf(rule: Rule): TestFile[] {
  const name = nameOf(rule);
  const asks = ({ alert_rule_test: alerts = [], promql_expr_test: queries = [] }: TestFile['tests'][number]): boolean =>
    alerts.some(({ alertname }) => alertname === name) || (rule.record !== undefined && queries.some(({ expr }) => expr.includes(name)));
  return readAll<TestFile>('tests')
    .map((file) => ({ ...file, tests: file.tests.filter(asks) }))
    .filter(({ tests }) => tests.length > 0);
}

/** Whether the tests of a rule pass, with the rule as it is given here. Needs promtool. */
export async function passes(rule: Rule): Promise<boolean> {
  const others = ruleGroups().map(({ name, rules }) => ({ name, rules: rules.map((own) => (nameOf(own) === nameOf(rule) ? rule : own)) }));
  // Other alerts only cost time.
  const groups = others.map(({ name, rules }) => ({ name, rules: rules.filter((own) => own.record !== undefined || own === rule) }));
  const folder = mkdtempSync(join(tmpdir(), 'hearth-rules-'));
  try {
    mkdirSync(join(folder, 'tests'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: groups.filter(({ rules }) => rules.length > 0) }));
    const files = testsOf(rule).map((file, index) => {
      const path = join(folder, 'tests', `${index}.yml`);
      writeFileSync(path, stringify({ ...file, rule_files: ['../rules.yml'] }));
      return path;
    });
    const { exitCode } = await execa('promtool', ['test', 'rules', ...files], { reject: false });
    if (exitCode === undefined) throw new Error("promtool is not installed; it is in Debian's package prometheus");
    return exitCode === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every mutant that no test notices. @param atOnce how many promtools run side by side */
export async function survivors(atOnce: number, onDone: (rule: Rule, mutants: number) => void = () => {}): Promise<Array<Mutant & { name: string }>> {
  const alive: Array<Mutant & { name: string }> = [];
  for (const rule of ruleGroups().flatMap(({ rules }) => rules)) {
    const waiting = mutantsOf(rule);
    const total = waiting.length;
    const work = async (): Promise<void> => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        if (await passes(mutant.rule)) alive.push({ ...mutant, name: nameOf(rule) });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    onDone(rule, total);
  }
  return alive;
}
