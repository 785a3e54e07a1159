\set DB_PASSWORD `cat /run/secrets/DB_PASSWORD`
\set DB_ALERTS_MIGRATOR_PASSWORD `cat /run/secrets/DB_ALERTS_MIGRATOR_PASSWORD`
\set DB_ALERTS_AUTH_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_ALERTS_AUTH_PASSWORD`
\set DB_ALERTS_REST_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_ALERTS_REST_PASSWORD`
\set DB_ALERTS_REALTIME_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_ALERTS_REALTIME_PASSWORD`
\set DB_ALERTS_API_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_ALERTS_API_PASSWORD`
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN CREATE EXTENSION IF NOT EXISTS pg_stat_statements; END IF; END $$;
SELECT 'CREATE ROLE "alerts_owner" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_owner')\gexec
SELECT 'CREATE ROLE "alerts_rw" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_rw')\gexec
SELECT 'CREATE ROLE "alerts_ro" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_ro')\gexec
SELECT 'CREATE ROLE "alerts_migrator" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_migrator')\gexec
ALTER ROLE "alerts_migrator" LOGIN NOSUPERUSER PASSWORD :'DB_ALERTS_MIGRATOR_PASSWORD';
GRANT "alerts_owner" TO "alerts_migrator";
SELECT 'CREATE ROLE "alerts_auth" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_auth')\gexec
SELECT 'CREATE ROLE "alerts_auth_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_auth_a')\gexec
ALTER ROLE "alerts_auth_a" LOGIN NOSUPERUSER PASSWORD :'DB_ALERTS_AUTH_PASSWORD';
GRANT "alerts_rw" TO "alerts_auth";
GRANT "alerts_auth" TO "alerts_auth_a";
ALTER ROLE "alerts_auth_a" CONNECTION LIMIT -1;
SELECT 'CREATE ROLE "alerts_rest" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_rest')\gexec
SELECT 'CREATE ROLE "alerts_rest_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_rest_a')\gexec
ALTER ROLE "alerts_rest_a" LOGIN NOSUPERUSER PASSWORD :'DB_ALERTS_REST_PASSWORD';
GRANT "alerts_rw" TO "alerts_rest";
GRANT "alerts_rest" TO "alerts_rest_a";
ALTER ROLE "alerts_rest_a" CONNECTION LIMIT -1;
SELECT 'CREATE ROLE "alerts_realtime" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_realtime')\gexec
SELECT 'CREATE ROLE "alerts_realtime_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_realtime_a')\gexec
ALTER ROLE "alerts_realtime_a" LOGIN NOSUPERUSER PASSWORD :'DB_ALERTS_REALTIME_PASSWORD';
GRANT "alerts_rw" TO "alerts_realtime";
GRANT "alerts_realtime" TO "alerts_realtime_a";
ALTER ROLE "alerts_realtime_a" CONNECTION LIMIT -1;
SELECT 'CREATE ROLE "alerts_api" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_api')\gexec
SELECT 'CREATE ROLE "alerts_api_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'alerts_api_a')\gexec
ALTER ROLE "alerts_api_a" LOGIN NOSUPERUSER PASSWORD :'DB_ALERTS_API_PASSWORD';
GRANT "alerts_rw" TO "alerts_api";
GRANT "alerts_api" TO "alerts_api_a";
ALTER ROLE "alerts_api_a" CONNECTION LIMIT -1;
SELECT 'CREATE DATABASE "alerts" OWNER "alerts_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'alerts')\gexec
REVOKE CONNECT ON DATABASE "alerts" FROM PUBLIC;
GRANT ALL ON DATABASE "alerts" TO "alerts_owner";
\connect -reuse-previous=on 'dbname=alerts'
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "alerts_owner";
REVOKE ALL ON DATABASE "alerts" FROM PUBLIC;
GRANT CONNECT ON DATABASE "alerts" TO "alerts_rw", "alerts_ro", "alerts_migrator";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE "alerts_migrator" IN DATABASE "alerts" SET role = 'alerts_owner';
ALTER ROLE "alerts_auth_a" IN DATABASE "alerts" SET statement_timeout = '60000ms';
ALTER ROLE "alerts_auth_a" IN DATABASE "alerts" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "alerts_rest_a" IN DATABASE "alerts" SET statement_timeout = '60000ms';
ALTER ROLE "alerts_rest_a" IN DATABASE "alerts" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "alerts_realtime_a" IN DATABASE "alerts" SET statement_timeout = '60000ms';
ALTER ROLE "alerts_realtime_a" IN DATABASE "alerts" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "alerts_api_a" IN DATABASE "alerts" SET statement_timeout = '60000ms';
ALTER ROLE "alerts_api_a" IN DATABASE "alerts" SET idle_in_transaction_session_timeout = '60000ms';
GRANT USAGE ON SCHEMA public TO "alerts_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT USAGE ON SCHEMAS TO "alerts_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT USAGE, SELECT ON SEQUENCES TO "alerts_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT EXECUTE ON FUNCTIONS TO "alerts_rw";
GRANT USAGE ON SCHEMA public TO "alerts_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT USAGE ON SCHEMAS TO "alerts_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT SELECT ON SEQUENCES TO "alerts_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" GRANT EXECUTE ON FUNCTIONS TO "alerts_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "alerts_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
