\set password `cat /run/secrets/DB_PASSWORD`
SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
SELECT 'CREATE ROLE "saas" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'saas')\gexec
ALTER ROLE "saas" LOGIN NOSUPERUSER PASSWORD :'password';
SELECT 'CREATE DATABASE "saas" OWNER "saas"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'saas')\gexec
REVOKE CONNECT ON DATABASE "saas" FROM PUBLIC;
GRANT ALL ON DATABASE "saas" TO "saas";
\connect -reuse-previous=on 'dbname=saas'
SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
GRANT ALL ON SCHEMA public TO "saas";
