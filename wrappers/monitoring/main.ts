#!/usr/bin/env node
import { stderrLog } from '../shared/log.js';
import { runProgram } from '../shared/program.js';
import { MonitoringContext } from './context.js';
import { monitoringServer } from './server.js';
import { settingsFrom } from './settings.js';

const NAME = 'hearth-monitoring';

runProgram(NAME, () => {
  const context = new MonitoringContext(settingsFrom(process.env));
  const log = stderrLog(NAME, context.requests.redact);
  return { factory: monitoringServer(context), log, close: async () => undefined };
});
