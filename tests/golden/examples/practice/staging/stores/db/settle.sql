\set DB_PASSWORD `cat /run/secrets/DB_PASSWORD`
\set DB_PRACTICE_MIGRATOR_PASSWORD `cat /run/secrets/DB_PRACTICE_MIGRATOR_PASSWORD`
\set DB_PRACTICE_API_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_PRACTICE_API_PASSWORD`
\set DB_PRACTICE_WORKER_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_PRACTICE_WORKER_PASSWORD`
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN CREATE EXTENSION IF NOT EXISTS pg_stat_statements; END IF; END $$;
SELECT 'CREATE ROLE "practice_owner" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_owner')\gexec
SELECT 'CREATE ROLE "practice_rw" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_rw')\gexec
SELECT 'CREATE ROLE "practice_ro" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_ro')\gexec
SELECT 'CREATE ROLE "practice_migrator" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_migrator')\gexec
ALTER ROLE "practice_migrator" LOGIN NOSUPERUSER PASSWORD :'DB_PRACTICE_MIGRATOR_PASSWORD';
GRANT "practice_owner" TO "practice_migrator";
SELECT 'CREATE ROLE "practice_api" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_api')\gexec
SELECT 'CREATE ROLE "practice_api_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_api_a')\gexec
ALTER ROLE "practice_api_a" LOGIN NOSUPERUSER PASSWORD :'DB_PRACTICE_API_PASSWORD';
GRANT "practice_rw" TO "practice_api";
GRANT "practice_api" TO "practice_api_a";
ALTER ROLE "practice_api_a" CONNECTION LIMIT -1;
SELECT 'CREATE ROLE "practice_worker" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_worker')\gexec
SELECT 'CREATE ROLE "practice_worker_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'practice_worker_a')\gexec
ALTER ROLE "practice_worker_a" LOGIN NOSUPERUSER PASSWORD :'DB_PRACTICE_WORKER_PASSWORD';
GRANT "practice_rw" TO "practice_worker";
GRANT "practice_worker" TO "practice_worker_a";
ALTER ROLE "practice_worker_a" CONNECTION LIMIT -1;
SELECT 'CREATE DATABASE "practice" OWNER "practice_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'practice')\gexec
REVOKE CONNECT ON DATABASE "practice" FROM PUBLIC;
GRANT ALL ON DATABASE "practice" TO "practice_owner";
\connect -reuse-previous=on 'dbname=practice'
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "practice_owner";
REVOKE ALL ON DATABASE "practice" FROM PUBLIC;
GRANT CONNECT ON DATABASE "practice" TO "practice_rw", "practice_ro", "practice_migrator";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE "practice_migrator" IN DATABASE "practice" SET role = 'practice_owner';
ALTER ROLE "practice_api_a" IN DATABASE "practice" SET statement_timeout = '60000ms';
ALTER ROLE "practice_api_a" IN DATABASE "practice" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "practice_worker_a" IN DATABASE "practice" SET statement_timeout = '60000ms';
ALTER ROLE "practice_worker_a" IN DATABASE "practice" SET idle_in_transaction_session_timeout = '60000ms';
GRANT USAGE ON SCHEMA public TO "practice_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT USAGE ON SCHEMAS TO "practice_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT USAGE, SELECT ON SEQUENCES TO "practice_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT EXECUTE ON FUNCTIONS TO "practice_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "practice_rw";
GRANT USAGE ON SCHEMA public TO "practice_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT USAGE ON SCHEMAS TO "practice_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT SELECT ON SEQUENCES TO "practice_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT EXECUTE ON FUNCTIONS TO "practice_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" GRANT SELECT ON TABLES TO "practice_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "practice_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
