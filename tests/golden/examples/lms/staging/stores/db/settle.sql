\set password `cat /run/secrets/DB_PASSWORD`
SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
SELECT 'CREATE ROLE "lms" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms')\gexec
ALTER ROLE "lms" LOGIN NOSUPERUSER PASSWORD :'password';
SELECT 'CREATE DATABASE "lms" OWNER "lms"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lms')\gexec
REVOKE CONNECT ON DATABASE "lms" FROM PUBLIC;
GRANT ALL ON DATABASE "lms" TO "lms";
\connect -reuse-previous=on 'dbname=lms'
SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "lms";
