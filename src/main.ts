#!/usr/bin/env node
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { becomeChildOfInit } from './process/init.js';

becomeChildOfInit(); // before anything is loaded that would only be loaded again
// Beside the program, not in the shared temporary folder, where others could put code for this one to run. Node 20 has none.
nodeModule.enableCompileCache?.(fileURLToPath(new URL('.cache', import.meta.url)));
await import('./program.js');
