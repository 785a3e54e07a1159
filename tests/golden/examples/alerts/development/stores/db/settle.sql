\set DB_PASSWORD `cat /run/secrets/DB_PASSWORD`
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN CREATE EXTENSION IF NOT EXISTS pg_stat_statements; END IF; END $$;
SELECT 'CREATE ROLE "alerts" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts')\gexec
ALTER ROLE "alerts" LOGIN NOSUPERUSER PASSWORD :'DB_PASSWORD';
SELECT 'CREATE DATABASE "alerts" OWNER "alerts"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'alerts')\gexec
REVOKE CONNECT ON DATABASE "alerts" FROM PUBLIC;
GRANT ALL ON DATABASE "alerts" TO "alerts";
\connect -reuse-previous=on 'dbname=alerts'
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "alerts";
