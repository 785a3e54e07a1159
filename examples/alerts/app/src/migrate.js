// Before anything of a release starts: tables, and who may see which rows of them. May run twice.
import pg from "pg";
import { database } from "./settings.js";

const STATEMENTS = `
  create schema if not exists auth;
  create table if not exists auth.users (
    id uuid primary key default gen_random_uuid(), email text not null unique, password text not null
  );
  create or replace function auth.uid() returns uuid language sql stable as
    $$ select (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid $$;

  create table if not exists alerts (
    id bigint generated always as identity primary key, recipient uuid not null references auth.users,
    text text not null, due timestamptz not null default now(), queued timestamptz, delivered timestamptz
  );
  alter table alerts enable row level security;
  alter table alerts force row level security;
  drop policy if exists own on alerts;
  create policy own on alerts for select using (recipient = auth.uid());
  drop policy if exists services on alerts;
  create policy services on alerts using (current_setting('app.service', true) = 'on');

  create or replace function tell_alert() returns trigger language plpgsql as
    $$ begin perform pg_notify('alerts', row_to_json(new)::text); return null; end $$;
  create or replace trigger tell after insert on alerts for each row execute function tell_alert();
`;

const client = new pg.Client(database());
await client.connect();
await client.query(`begin; ${STATEMENTS} commit`);
await client.end();
console.log("tables and policies are there");
