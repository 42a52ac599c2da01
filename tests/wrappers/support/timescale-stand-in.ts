/**
 * The names, columns and signatures of TimescaleDB that the server uses, on plain PostgreSQL: it shows that every
 * statement is one that PostgreSQL accepts, with parameters of the right types. What TimescaleDB then does, only
 * TimescaleDB shows: see TIMESCALE_TEST_URL. Each statement by itself; needs a superuser.
 */
export const STAND_IN = `
set allow_system_table_mods = on;
create schema ts;
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  select 999999, 'timescaledb', 10, 'ts'::regnamespace, false, '2.29.0';
create function ts.time_bucket(w interval, t timestamptz) returns timestamptz language sql as 'select date_bin($1, $2, ''2000-01-01'')';
create function ts.time_bucket(w bigint, t bigint) returns bigint language sql as 'select $2 / $1 * $1';
create function ts.time_bucket_gapfill(w interval, t timestamptz, start timestamptz default null, finish timestamptz default null) returns timestamptz
  language sql as 'select date_bin($1, $2, ''2000-01-01'')';
create function ts.locf(v anyelement) returns anyelement language sql as 'select $1';
create function ts.interpolate(v float8) returns float8 language sql as 'select $1';
create function ts.interpolate(v bigint) returns bigint language sql as 'select $1';
create function ts.pick_first(state anyelement, v anyelement, t timestamptz) returns anyelement language sql as 'select coalesce($1, $2)';
create aggregate ts.first(anyelement, timestamptz) (sfunc = ts.pick_first, stype = anyelement);
create aggregate ts.last(anyelement, timestamptz) (sfunc = ts.pick_first, stype = anyelement);
create function ts.hypertable_size(h regclass) returns bigint language sql as 'select pg_table_size($1)';
create function ts.approximate_row_count(h regclass) returns bigint language sql as 'select 3::bigint';
create function ts.hypertable_detailed_size(h regclass) returns table (table_bytes bigint, total_bytes bigint) language sql as 'select 1::bigint, 2::bigint';
create function ts.chunks_detailed_size(h regclass) returns table (chunk_schema name, chunk_name name, total_bytes bigint)
  language sql as 'select ''_timescaledb_internal''::name, ''_hyper_1_1_chunk''::name, 8192::bigint';
create function ts.hypertable_compression_stats(h regclass) returns table (total_chunks bigint, number_compressed_chunks bigint) language sql as 'select 1::bigint, 0::bigint';
create function ts.by_range(c name, i interval) returns text language sql as 'select $1::text';
create function ts.by_range(c name) returns text language sql as 'select $1::text';
create function ts.by_hash(c name, n int) returns text language sql as 'select $1::text';
create function ts.create_hypertable(h regclass, d text, if_not_exists boolean, migrate_data boolean default false) returns int language sql as 'select 1';
create function ts.add_dimension(h regclass, d text, if_not_exists boolean) returns int language sql as 'select 1';
create function ts.compress_chunk(c regclass, if_not_compressed boolean) returns regclass language sql as 'select $1';
create function ts.decompress_chunk(c regclass, if_compressed boolean) returns regclass language sql as 'select $1';
create function ts.add_compression_policy(h regclass, compress_after interval, if_not_exists boolean) returns int language sql as 'select 1';
create function ts.show_chunks(h regclass, older_than timestamptz default null, newer_than timestamptz default null) returns setof regclass language sql as 'select $1';
create function ts.show_chunks(h regclass, older_than interval) returns setof regclass language sql as 'select $1';
create function ts.drop_chunks(h regclass, older_than interval) returns setof text language sql as 'select $1::text';
create function ts.add_retention_policy(h regclass, drop_after interval, if_not_exists boolean) returns int language sql as 'select 1';
create function ts.add_continuous_aggregate_policy(h regclass, start_offset interval, end_offset interval, schedule_interval interval, if_not_exists boolean) returns int language sql as 'select 1';
create function ts.remove_retention_policy(h regclass, if_exists boolean) returns void language sql as 'select';
create function ts.remove_compression_policy(h regclass, if_exists boolean) returns boolean language sql as 'select true';
create function ts.remove_continuous_aggregate_policy(h regclass, if_exists boolean) returns void language sql as 'select';
create procedure ts.refresh_continuous_aggregate(h regclass, f timestamptz, t timestamptz) language sql as 'select';
create schema _timescaledb_internal;
create table _timescaledb_internal._hyper_1_1_chunk (i int);
create schema timescaledb_information;
create view timescaledb_information.hypertables as select 'public'::name as hypertable_schema, 'metrics'::name as hypertable_name, 1 as num_chunks;
create view timescaledb_information.dimensions as
  select 'public'::name as hypertable_schema, 'metrics'::name as hypertable_name, 1 as dimension_number, 'time'::name as column_name;
create view timescaledb_information.compression_settings as select 'public'::name as hypertable_schema, 'metrics'::name as hypertable_name, 'device'::name as attname;
create view timescaledb_information.chunks as
  select 'public'::name as hypertable_schema, 'metrics'::name as hypertable_name, '_timescaledb_internal'::name as chunk_schema,
    '_hyper_1_1_chunk'::name as chunk_name, '2026-01-01'::timestamptz as range_start, '2026-01-08'::timestamptz as range_end, null::bigint as range_start_integer;
create view timescaledb_information.continuous_aggregates as select 'public'::name as view_schema, 'hourly'::name as view_name, '_materialized_2'::name as materialization_hypertable_name;
create view timescaledb_information.jobs as select 1000 as job_id, 'metrics'::name as hypertable_name;
create view timescaledb_information.job_stats as select 1000 as job_id, 'Success'::text as last_run_status;
`.trim();

export const METRICS = `
create table public.counted (id serial);
create table public.metrics (time timestamptz not null, device text, "Odd ""Name" float8, load int);
insert into public.metrics values
  ('2026-01-01 00:00Z', 'a', 1, 10), ('2026-01-01 00:30Z', 'a', 3, 20), ('2026-01-01 02:00Z', 'a', 5, 30), ('2026-01-01 00:10Z', 'b', 7, 40)
`.trim();
