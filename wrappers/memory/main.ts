#!/usr/bin/env node
import { stderrLog } from '../shared/log.js';
import { embedded } from '../shared/pglite.js';
import { postgres } from '../shared/postgres.js';
import { runProgram } from '../shared/program.js';
import { memoryServer } from './server.js';
import { settingsFrom } from './settings.js';
import { Store } from './store.js';

const NAME = 'hearth-memory';
const STATEMENT_LIMIT_MS = 30_000;

runProgram(NAME, () => {
  const settings = settingsFrom(process.env);
  const { address, folder, poolMax } = settings;
  const redact = address?.redact ?? ((text: string) => text);
  const log = stderrLog(NAME, redact);
  const pool = { max: poolMax, statementLimitMs: STATEMENT_LIMIT_MS, applicationName: NAME };
  const store = new Store({
    open: address === undefined ? embedded(folder) : postgres(address, pool),
    label: address?.label ?? folder,
    log,
    redact,
  });
  return { factory: memoryServer({ store, settings }), log, close: () => store.close() };
});
