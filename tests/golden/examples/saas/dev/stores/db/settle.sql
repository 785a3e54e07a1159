\set DB_PASSWORD `cat /run/secrets/DB_PASSWORD`
\set DB_SAAS_MIGRATOR_PASSWORD `cat /run/secrets/DB_SAAS_MIGRATOR_PASSWORD`
\set DB_SAAS_API_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_SAAS_API_PASSWORD`
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN CREATE EXTENSION IF NOT EXISTS pg_stat_statements; END IF; END $$;
SELECT 'CREATE ROLE "saas_owner" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_owner')\gexec
SELECT 'CREATE ROLE "saas_rw" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_rw')\gexec
SELECT 'CREATE ROLE "saas_ro" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_ro')\gexec
SELECT 'CREATE ROLE "saas_migrator" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_migrator')\gexec
ALTER ROLE "saas_migrator" LOGIN NOSUPERUSER PASSWORD :'DB_SAAS_MIGRATOR_PASSWORD';
GRANT "saas_owner" TO "saas_migrator";
SELECT 'CREATE ROLE "saas_api" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_api')\gexec
SELECT 'CREATE ROLE "saas_api_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas_api_a')\gexec
ALTER ROLE "saas_api_a" LOGIN NOSUPERUSER PASSWORD :'DB_SAAS_API_PASSWORD';
GRANT "saas_rw" TO "saas_api";
GRANT "saas_api" TO "saas_api_a";
ALTER ROLE "saas_api_a" CONNECTION LIMIT -1;
SELECT 'CREATE DATABASE "saas" OWNER "saas_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'saas')\gexec
REVOKE CONNECT ON DATABASE "saas" FROM PUBLIC;
GRANT ALL ON DATABASE "saas" TO "saas_owner";
\connect -reuse-previous=on 'dbname=saas'
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "saas_owner";
CREATE EXTENSION IF NOT EXISTS "postgis";
REVOKE ALL ON DATABASE "saas" FROM PUBLIC;
GRANT CONNECT ON DATABASE "saas" TO "saas_rw", "saas_ro", "saas_migrator";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE "saas_migrator" IN DATABASE "saas" SET role = 'saas_owner';
ALTER ROLE "saas_api_a" IN DATABASE "saas" SET statement_timeout = '60000ms';
ALTER ROLE "saas_api_a" IN DATABASE "saas" SET idle_in_transaction_session_timeout = '60000ms';
GRANT USAGE ON SCHEMA public TO "saas_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT USAGE ON SCHEMAS TO "saas_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT USAGE, SELECT ON SEQUENCES TO "saas_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT EXECUTE ON FUNCTIONS TO "saas_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "saas_rw";
GRANT USAGE ON SCHEMA public TO "saas_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT USAGE ON SCHEMAS TO "saas_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT SELECT ON SEQUENCES TO "saas_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT EXECUTE ON FUNCTIONS TO "saas_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" GRANT SELECT ON TABLES TO "saas_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "saas_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
