\set DB_PASSWORD `cat /run/secrets/DB_PASSWORD`
\set DB_LMS_MIGRATOR_PASSWORD `cat /run/secrets/DB_LMS_MIGRATOR_PASSWORD`
\set DB_LMS_API_PASSWORD `sed 's/^[ab]://' /run/secrets/DB_LMS_API_PASSWORD`
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN CREATE EXTENSION IF NOT EXISTS pg_stat_statements; END IF; END $$;
SELECT 'CREATE ROLE "lms_owner" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_owner')\gexec
SELECT 'CREATE ROLE "lms_rw" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_rw')\gexec
SELECT 'CREATE ROLE "lms_ro" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_ro')\gexec
SELECT 'CREATE ROLE "lms_migrator" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_migrator')\gexec
ALTER ROLE "lms_migrator" LOGIN NOSUPERUSER PASSWORD :'DB_LMS_MIGRATOR_PASSWORD';
GRANT "lms_owner" TO "lms_migrator";
SELECT 'CREATE ROLE "lms_api" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_api')\gexec
SELECT 'CREATE ROLE "lms_api_a" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_api_a')\gexec
ALTER ROLE "lms_api_a" LOGIN NOSUPERUSER PASSWORD :'DB_LMS_API_PASSWORD';
GRANT "lms_rw" TO "lms_api";
GRANT "lms_api" TO "lms_api_a";
ALTER ROLE "lms_api_a" CONNECTION LIMIT -1;
SELECT 'CREATE DATABASE "lms" OWNER "lms_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lms')\gexec
REVOKE CONNECT ON DATABASE "lms" FROM PUBLIC;
GRANT ALL ON DATABASE "lms" TO "lms_owner";
\connect -reuse-previous=on 'dbname=lms'
SET synchronous_commit = local; SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "lms_owner";
REVOKE ALL ON DATABASE "lms" FROM PUBLIC;
GRANT CONNECT ON DATABASE "lms" TO "lms_rw", "lms_ro", "lms_migrator";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE "lms_migrator" IN DATABASE "lms" SET role = 'lms_owner';
ALTER ROLE "lms_api_a" IN DATABASE "lms" SET statement_timeout = '60000ms';
ALTER ROLE "lms_api_a" IN DATABASE "lms" SET idle_in_transaction_session_timeout = '60000ms';
GRANT USAGE ON SCHEMA public TO "lms_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT USAGE ON SCHEMAS TO "lms_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT USAGE, SELECT ON SEQUENCES TO "lms_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT EXECUTE ON FUNCTIONS TO "lms_rw";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "lms_rw";
GRANT USAGE ON SCHEMA public TO "lms_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT USAGE ON SCHEMAS TO "lms_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT SELECT ON SEQUENCES TO "lms_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT EXECUTE ON FUNCTIONS TO "lms_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" GRANT SELECT ON TABLES TO "lms_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "lms_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
