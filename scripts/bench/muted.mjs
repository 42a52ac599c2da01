// The real program with nothing counted, so that what counting costs can be measured. It runs from the single files, whose
// methods can be replaced, and not from the bundle.
import { Counter, Gauge } from 'prom-client';
import { Samples } from '../../dist/telemetry/histogram.js';
import { HttpMetrics } from '../../dist/telemetry/http-metrics.js';
import { Series } from '../../dist/telemetry/series.js';
import { ServerMetrics } from '../../dist/telemetry/server-metrics.js';

const nothing = () => {};
for (const [made, names] of [
  [Counter, ['inc']],
  [Gauge, ['inc', 'dec', 'set']],
  [Series, ['inc', 'dec']],
  [Samples, ['observe']],
  [HttpMetrics, ['started', 'ended']],
  [ServerMetrics, ['requestStarted', 'requestEnded']],
]) {
  for (const name of names) made.prototype[name] = nothing;
}
await import('../../dist/program.js');
