import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { McpProcess, TIMESCALEDB } from './support/mcp.js';

const URL = process.env.TIMESCALE_TEST_URL ?? '';
const reason = URL === '' ? ' (skipped: TIMESCALE_TEST_URL names no database with TimescaleDB; it cannot be installed everywhere)' : '';
/** A schema of this test's own; it may hold nothing else. */
const SCHEMA = 'hearth_wrapper_test';

/** 0:00 to 0:50 each ten minutes, then nothing until 3:00. */
const READINGS = `
  drop schema if exists ${SCHEMA} cascade; create schema ${SCHEMA};
  create table ${SCHEMA}.metrics (time timestamptz not null, device text not null, value float8, load int);
  insert into ${SCHEMA}.metrics
    select t, d, extract(hour from t at time zone 'utc') * 10, 1
    from unnest(array['a', 'b']) d, (select generate_series('2026-01-01Z'::timestamptz, '2026-01-01 00:50Z', '10 minutes') t union all select '2026-01-01 03:00Z') s`;

async function run(sql: string): Promise<void> {
  const client = new pg.Client(URL);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describe.skipIf(URL === '')(`timescaledb on the real thing${reason}`, { timeout: 120_000 }, () => {
  it('creates, fills, asks, compresses, keeps up to date, and drops', async () => {
    await run(READINGS);
    await using server = await McpProcess.start(TIMESCALEDB, { DATABASE_URL: URL, TIMESCALE_WRITE: 'true' });
    const on = { table: 'metrics', schema: SCHEMA };
    const ok = async (tool: string, args: object = {}) => {
      const result = await server.call(tool, { ...args });
      expect(result, tool).toMatchObject({ isError: false });
      return result.data;
    };
    const rows = async (tool: string, args: object = {}) => (await ok(tool, args))?.rows as Array<Record<string, unknown>>;

    expect(await ok('timescale_health')).toMatchObject({ status: 'ok', installed: true });
    await ok('create_hypertable', { ...on, timeColumn: 'time', chunkInterval: '1 day', migrateData: true });
    await ok('create_hypertable', { ...on, timeColumn: 'time' });
    expect(await rows('list_hypertables', { schema: SCHEMA })).toMatchObject([{ hypertable_name: 'metrics', num_chunks: 1 }]);
    expect(await ok('describe_hypertable', on)).toMatchObject({ dimensions: [{ column_name: 'time' }] });
    const [chunk] = await rows('list_chunks', on);
    expect(chunk).toMatchObject({ is_compressed: false, total_bytes: expect.any(Number) });

    const query = {
      ...on,
      interval: '1 hour',
      from: '2026-01-01T00:00Z',
      to: '2026-01-01T05:00Z',
      filters: [{ column: 'device', operator: '=', value: 'a' }],
    };
    const values = async (gapfill: string) =>
      (await rows('time_bucket_query', { ...query, gapfill, aggregates: [{ function: 'avg', column: 'value', as: 'v' }] })).map(({ v }) => v);
    expect(await values('none')).toEqual([0, 30]);
    expect(await values('null')).toEqual([0, null, null, 30, null]);
    expect(await values('locf')).toEqual([0, 0, 0, 30, 30]);
    expect(await values('interpolate')).toEqual([0, 10, 20, 30, null]);
    const grouped = await rows('time_bucket_query', {
      ...query,
      filters: [],
      groupBy: ['device'],
      gapfill: 'locf',
      aggregates: [
        { function: 'sum', column: 'load' },
        { function: 'last', column: 'value' },
      ],
    });
    expect(grouped).toHaveLength(10);
    expect(grouped[0]).toMatchObject({ device: 'a', sum_load: 6, last_value: 0 });

    await ok('set_compression', { ...on, segmentBy: ['device'], orderBy: [{ column: 'time', descending: true }] });
    await ok('compress_chunk', { chunk: chunk?.chunk_name });
    expect(await rows('list_chunks', on)).toMatchObject([{ is_compressed: true }]);
    expect(await rows('compression_stats', on)).toMatchObject([{ number_compressed_chunks: 1 }]);
    await ok('decompress_chunk', { chunk: chunk?.chunk_name });

    const view = { table: 'hourly', schema: SCHEMA };
    await ok('create_continuous_aggregate', {
      ...on,
      name: 'hourly',
      interval: '1 hour',
      groupBy: ['device'],
      aggregates: [{ function: 'avg', column: 'value' }],
    });
    await ok('refresh_continuous_aggregate', { ...view, from: '2026-01-01', to: '2026-01-02' });
    expect(await rows('run_select', { sql: `select count(*) as n from ${SCHEMA}.hourly` })).toEqual([{ n: 4 }]);
    expect(await rows('list_continuous_aggregates', { schema: SCHEMA })).toMatchObject([{ view_name: 'hourly' }]);

    await ok('add_compression_policy', { ...on, after: '7 days' });
    await ok('add_retention_policy', { ...on, after: '36500 days' });
    await ok('add_refresh_policy', { ...view, startOffset: '3 days', endOffset: '1 hour', every: '1 hour' });
    expect((await rows('list_jobs', { table: 'metrics' })).length).toBeGreaterThanOrEqual(2);
    for (const policy of ['compression', 'retention']) await ok('remove_policy', { ...on, policy });
    await ok('remove_policy', { ...view, policy: 'refresh' });

    expect(await ok('drop_chunks', { ...on, olderThan: '2026-06-01' })).toMatchObject({ deleted: false, rows: [{}] });
    expect(await ok('drop_chunks', { ...on, olderThan: '2026-06-01', confirm: true })).toMatchObject({ deleted: true, rows: [{}] });
    expect(await rows('list_chunks', on)).toEqual([]);
    await run(`drop schema ${SCHEMA} cascade`);
  });
});
