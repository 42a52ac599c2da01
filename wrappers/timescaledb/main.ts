#!/usr/bin/env node
import { Keeper } from '../shared/keeper.js';
import { stderrLog } from '../shared/log.js';
import { postgres } from '../shared/postgres.js';
import { runProgram } from '../shared/program.js';
import { timescaleServer } from './server.js';
import { settingsFrom } from './settings.js';

const NAME = 'hearth-timescaledb';

runProgram(NAME, () => {
  const settings = settingsFrom(process.env);
  const { address, poolMax, readLimitMs, writeLimitMs, write } = settings;
  const log = stderrLog(NAME, address.redact);
  // The limit of a connection is the longest that any tool may take; each read sets its own, shorter one.
  const statementLimitMs = write ? Math.max(readLimitMs, writeLimitMs) : readLimitMs;
  const open = postgres(address, { max: poolMax, statementLimitMs, applicationName: NAME });
  const keeper = new Keeper({ open, prepare: async () => undefined, label: address.label, log, redact: address.redact });
  return { factory: timescaleServer({ keeper, settings }), log, close: () => keeper.close() };
});
