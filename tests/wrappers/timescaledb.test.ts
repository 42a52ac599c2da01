import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/app.js';
import { Cluster, noPostgres, PASSWORD } from './support/cluster.js';
import { McpProcess, TIMESCALEDB } from './support/mcp.js';
import { METRICS, STAND_IN } from './support/timescale-stand-in.js';

const READ_TOOLS = [
  'timescale_health',
  'run_select',
  'list_hypertables',
  'describe_hypertable',
  'list_chunks',
  'compression_stats',
  'list_continuous_aggregates',
  'list_jobs',
  'time_bucket_query',
];
const bucket = { table: 'metrics', interval: '1 hour', aggregates: [{ function: 'avg', column: 'load' }] };

describe.skipIf(noPostgres !== '')(`timescaledb on PostgreSQL${noPostgres}`, { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let plain: McpProcess;
  let standIn: McpProcess;

  beforeAll(async () => {
    cluster = await Cluster.start();
    const url = await cluster.database('with stand-in');
    await cluster.run(STAND_IN, url);
    for (const each of [url, cluster.url()]) await cluster.run(METRICS, each);
    plain = await McpProcess.start(TIMESCALEDB, { DATABASE_URL: cluster.url(), TIMESCALE_READ_TIMEOUT_MS: '1000', TIMESCALE_MAX_ROWS: '50' });
    standIn = await McpProcess.start(TIMESCALEDB, { DATABASE_URL: url, TIMESCALE_WRITE: 'true' });
  }, 60_000);

  afterAll(async () => {
    await plain?.[Symbol.asyncDispose]();
    await standIn?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('without the extension: stays up, says so in each tool; health and run_select work', async () => {
    const { tools } = await plain.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(READ_TOOLS);
    expect(tools.filter(({ annotations, outputSchema, title }) => annotations?.readOnlyHint !== true || !outputSchema || !title)).toEqual([]);
    const { data } = await plain.call('timescale_health');
    expect(data).toMatchObject({ status: 'ok', installed: false, version: null, writeTools: false, note: expect.stringContaining('run_select') });
    for (const [tool, args] of Object.entries({
      list_hypertables: {},
      describe_hypertable: { table: 'metrics' },
      list_chunks: { table: 'metrics' },
      compression_stats: { table: 'metrics' },
      list_continuous_aggregates: {},
      list_jobs: {},
      time_bucket_query: bucket,
    })) {
      expect(await plain.call(tool, args), tool).toMatchObject({ isError: true, text: expect.stringContaining('has no TimescaleDB') });
    }
    expect((await plain.call('run_select', { sql: 'select 1 as ok;' })).data).toEqual({ rows: [{ ok: 1 }], truncated: false });
  });

  it('run_select: values, types, caps', async () => {
    const one = async (sql: string, params: unknown[] = []): Promise<unknown> => (await plain.call('run_select', { sql, params })).data?.rows;
    expect(await one('select $1::int + 1 as n, $2::text as t, $3::boolean as b, $4::text as z', [41, "o'x", true, null])).toEqual([
      { n: 42, t: "o'x", b: true, z: null },
    ]);
    const odd = `select 'NaN'::float8 as f, '\\x01ff'::bytea as b, interval '1 day' as i, timestamptz '2026-01-01Z' as t, array[1.5::float8, 'Infinity'] as a, '{"x": 1}'::jsonb as j`;
    expect(await one(odd)).toEqual([{ f: 'NaN', b: '\\x01ff', i: '1 days', t: '2026-01-01T00:00:00.000Z', a: [1.5, 'Infinity'], j: { x: 1 } }]);
    expect(
      await one('select count(*) as n, avg(load) as a, 12345678901234567890 as big, -0.50 as small from metrics where device = $1', ['a']),
    ).toEqual([{ n: 3, a: 20, big: '12345678901234567890', small: -0.5 }]);
    const many = await plain.call('run_select', { sql: 'select generate_series(1, 1000000) as n' });
    expect(many.data).toMatchObject({ truncated: true });
    expect(many.data?.rows).toHaveLength(50);
    const wide = await plain.call('run_select', { sql: `select repeat('x', 300000) from generate_series(1, 10)` });
    expect(wide.data).toMatchObject({ truncated: true });
    expect(wide.data?.rows).toHaveLength(3);
  });

  it.each([
    ['insert into metrics values (now())', /takes one SELECT/],
    ['select 1; drop table metrics', /takes one SELECT/],
    ['select 1; commit; drop table metrics; --', /takes one SELECT/],
    ['with gone as (delete from metrics returning 1) select * from gone', /refused|takes one/],
    ["select setval(pg_get_serial_sequence('counted', 'id'), 7)", /read-only/],
    ["select set_config('transaction_read_only', 'off', true)", /read-write mode/],
    ['select * from metrics for update', /read-only|refused/],
    ['drop table metrics', /takes one SELECT/],
    ["select set_config('statement_timeout', '0', false), pg_sleep(3)", /time limit/],
    ['select pg_sleep(3)', /time limit/],
    ['select nonsense', /column "nonsense" does not exist/],
  ])('run_select refuses %j', async (sql, message) => {
    const { isError, text } = await plain.call('run_select', { sql });
    expect(text).toMatch(message);
    expect(isError).toBe(true);
    expect((await plain.call('run_select', { sql: 'select count(*)::int as n from metrics' })).data?.rows).toEqual([{ n: 4 }]);
  });

  it('run_select leaves nothing on its connection', async () => {
    await plain.call('run_select', {
      sql: `select pg_advisory_lock(77), lo_create(0), set_config('work_mem', '1MB', false), set_config('statement_timeout', '0', false)`,
    });
    const { data } = await plain.call('run_select', {
      sql: `select (select count(*) from pg_locks where locktype = 'advisory') as locks, (select count(*) from pg_largeobject_metadata) as objects, current_setting('work_mem') as mem`,
    });
    expect(data?.rows).toEqual([{ locks: 0, objects: 0, mem: '4MB' }]);
  });

  it('with a stand-in of its catalog: every reading tool asks what PostgreSQL accepts', async () => {
    expect((await standIn.call('timescale_health')).data).toMatchObject({ installed: true, version: '2.29.0', hypertables: 1, writeTools: true });
    expect((await standIn.call('list_hypertables')).data?.rows).toMatchObject([{ hypertable_name: 'metrics', num_chunks: 1, approximate_rows: 3 }]);
    const described = await standIn.call('describe_hypertable', { table: 'metrics' });
    expect(described.data).toMatchObject({ table: '"public"."metrics"', approximateRows: 3, dimensions: [{ column_name: 'time' }] });
    expect((await standIn.call('list_chunks', { table: 'metrics', from: '2026-01-02', to: '2026-01-03' })).data?.rows).toMatchObject([
      { total_bytes: 8192 },
    ]);
    expect((await standIn.call('list_chunks', { table: 'metrics', from: '2026-02-01' })).data?.rows).toEqual([]);
    expect((await standIn.call('compression_stats', { table: 'metrics' })).data?.rows).toMatchObject([{ total_chunks: 1 }]);
    expect((await standIn.call('list_continuous_aggregates')).data?.rows).toMatchObject([{ view_name: 'hourly' }]);
    expect((await standIn.call('list_jobs', { table: 'metrics' })).data?.rows).toMatchObject([
      { job_id: 1000, stats: { last_run_status: 'Success' } },
    ]);
    expect((await standIn.call('list_jobs', { failedOnly: true })).data?.rows).toEqual([]);
  });

  it('time_bucket_query: groups, filters, gaps; names come from the catalog', async () => {
    const query = (more: object): ReturnType<McpProcess['call']> => standIn.call('time_bucket_query', { ...bucket, ...more });
    const rowsOf = async (more: object): Promise<unknown> => (await query(more)).data?.rows;
    expect(await rowsOf({ groupBy: ['device'], aggregates: [{ function: 'max', column: 'load' }, { function: 'count' }] })).toEqual([
      { bucket: '2026-01-01T00:00:00.000Z', device: 'a', max_load: 20, count: 2 },
      { bucket: '2026-01-01T00:00:00.000Z', device: 'b', max_load: 40, count: 1 },
      { bucket: '2026-01-01T02:00:00.000Z', device: 'a', max_load: 30, count: 1 },
    ]);
    const filters = [
      { column: 'device', operator: 'in', value: ['a', "b'"] },
      { column: 'load', operator: '>', value: 10 },
      { column: 'load', operator: 'not in', value: [30] },
      { column: 'device', operator: 'like', value: '_' },
      { column: 'device', operator: 'is not null' },
    ];
    expect(await rowsOf({ filters, aggregates: [{ function: 'first', column: 'Odd "Name', as: 'odd' }] })).toEqual([
      { bucket: '2026-01-01T00:00:00.000Z', odd: 3 },
    ]);
    const range = { from: '2026-01-01', to: '2026-01-02', order: 'desc', limit: 1 };
    for (const gapfill of ['null', 'locf', 'interpolate'])
      expect(await query({ ...range, gapfill }), gapfill).toMatchObject({ isError: false, data: { truncated: true } });
    for (const [more, message] of [
      [{ gapfill: 'locf' }, 'needs both from and to'],
      [{ table: 'metrics"; drop table metrics; --' }, 'There is no table'],
      [{ groupBy: ['device"; drop table metrics; --'] }, 'has no column'],
      [{ aggregates: [{ function: 'avg' }] }, 'needs a column'],
      [{ interval: "1 hour'; drop table metrics; --" }, 'invalid input syntax for type interval'],
      [{ filters: [{ column: 'load', operator: '=', value: '1 or 1=1' }] }, 'invalid input syntax'],
      [{ filters: [{ column: 'load', operator: 'in', value: 1 }] }, 'needs a list'],
    ] as const) {
      expect(await query(more), message).toMatchObject({ isError: true, text: expect.stringContaining(message) });
    }
  });

  it('the tools that change something are accepted by PostgreSQL as far as they go without TimescaleDB', async () => {
    const chunk = '_hyper_1_1_chunk';
    for (const [tool, args] of [
      ['create_hypertable', { table: 'metrics', timeColumn: 'time', chunkInterval: '7 days', hashColumn: 'device' }],
      ['create_hypertable', { table: 'metrics', timeColumn: 'time' }],
      ['compress_chunk', { chunk }],
      ['decompress_chunk', { chunk }],
      ['add_compression_policy', { table: 'metrics', after: '7 days' }],
      ['add_retention_policy', { table: 'metrics', after: '90 days' }],
      ['add_refresh_policy', { table: 'metrics', startOffset: '1 day', endOffset: null, every: '1 hour' }],
      ['remove_policy', { table: 'metrics', policy: 'compression' }],
      ['remove_policy', { table: 'metrics', policy: 'retention' }],
      ['remove_policy', { table: 'metrics', policy: 'refresh' }],
      ['refresh_continuous_aggregate', { table: 'metrics', from: '2026-01-01' }],
      ['drop_chunks', { table: 'metrics', olderThan: '2026-01-01', newerThan: '2025-01-01' }],
      ['drop_chunks', { table: 'metrics', olderThan: '90 days', confirm: true }],
    ] as const) {
      expect(await standIn.call(tool, args), tool).toMatchObject({ isError: false });
    }
    expect(await standIn.call('drop_chunks', { table: 'metrics' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('Say which chunks'),
    });
    // What only TimescaleDB knows is refused as such, and not as a mistake in the statement.
    const aggregate = {
      name: 'hourly',
      table: 'metrics',
      interval: '1 hour',
      aggregates: [{ function: 'avg', column: 'load' }],
      groupBy: ['device'],
    };
    expect((await standIn.call('create_continuous_aggregate', aggregate)).text).toContain('unrecognized parameter namespace "timescaledb"');
    const settings = { table: 'metrics', segmentBy: ['device'], orderBy: [{ column: 'time', descending: true }] };
    expect((await standIn.call('set_compression', settings)).text).toContain('unrecognized parameter namespace "timescaledb"');
  });

  it('database stopped: says so at once; started again: works by itself', async () => {
    await using own = await Cluster.start();
    await using server = await McpProcess.start(TIMESCALEDB, { DATABASE_URL: own.url() });
    await server.call('timescale_health');
    await own.stop();
    await until(async () => (await server.call('timescale_health')).isError);
    const { text } = await server.call('run_select', { sql: 'select 1' });
    expect(text).toMatch(/cannot be (used|reached)/);
    expect(text + server.stderr).not.toContain(PASSWORD);
    await own.start();
    await until(async () => !(await server.call('timescale_health')).isError, 20_000);
  });
});

describe('timescaledb without DATABASE_URL', () => {
  it('ends with 2 and says what is missing', async () => {
    const child = spawn(process.execPath, [TIMESCALEDB], { env: { PATH: process.env.PATH }, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    expect((await once(child, 'close'))[0]).toBe(2);
    expect(stderr).toContain('DATABASE_URL (or DATABASE_URL_FILE) is not set');
  });
});
