-- Run at every start of the database; each statement may find its work done already.
-- `memory` owns a database for the knowledge graph. `reader` reads the database `data`, which is for what the user brings.
select 'create role memory' where not exists (select from pg_roles where rolname = 'memory') \gexec
select 'create role reader' where not exists (select from pg_roles where rolname = 'reader') \gexec
alter role memory login password :'memory';
alter role reader login password :'reader';
alter role reader set default_transaction_read_only = on;
grant pg_read_all_data, pg_read_all_stats to reader;

select 'create database memory owner memory' where not exists (select from pg_database where datname = 'memory') \gexec
select 'create database data' where not exists (select from pg_database where datname = 'data') \gexec
revoke connect on database memory from public;
revoke connect on database postgres from public;

\connect data
-- In the images of TimescaleDB only.
select 'create extension if not exists timescaledb' where exists (select from pg_available_extensions where name = 'timescaledb') \gexec
