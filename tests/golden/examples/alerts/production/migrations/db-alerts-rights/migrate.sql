\set ON_ERROR_STOP on
\set QUIET on
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\o /dev/null
SELECT (coalesce(current_schema(), 'public')) AS fairlead_schema \gset
SELECT (CASE WHEN btrim(split_part(current_setting('search_path'), ',', 1), ' "') = :'fairlead_schema' THEN current_setting('search_path') ELSE concat_ws(', ', quote_ident(:'fairlead_schema'), nullif(current_setting('search_path'), '')) END) AS fairlead_path \gset
RESET SESSION AUTHORIZATION;
RESET ROLE;
RESET ALL;
SELECT set_config('search_path', :'fairlead_path', false);
SELECT set_config(name, '5000', false) FROM pg_settings WHERE name = 'client_connection_check_interval';
BEGIN;
SELECT (to_regclass('"public"."alerts"') IS NOT NULL AND EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('"public"."alerts"') AND relkind IN ('r', 'p'))) AS fairlead_there \gset
\if :fairlead_there
ALTER TABLE "public"."alerts" ENABLE ROW LEVEL SECURITY;
SELECT (SELECT count(*) = 1 AND bool_and(p.polname = 'fairlead' AND p.polpermissive AND p.polcmd = '*'
AND ARRAY(SELECT pg_get_userbyid(one)::text FROM unnest(p.polroles) AS one ORDER BY 1) = ARRAY['alerts_realtime', 'alerts_rest']::text[]
AND coalesce(obj_description(p.oid, 'pg_policy'), '') = 'fairlead 478c53e71c63362f1897b84fcff914a6 ' || md5(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')))
FROM pg_policy p WHERE p.polrelid = to_regclass('"public"."alerts"')) AS fairlead_fit \gset
\if :fairlead_fit
\else
SELECT format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) FROM pg_policy p WHERE p.polrelid = to_regclass('"public"."alerts"') \gexec
CREATE POLICY fairlead ON "public"."alerts" TO "alerts_rest", "alerts_realtime" USING (recipient = auth.uid()) WITH CHECK (recipient = auth.uid());
DO $fairlead$ BEGIN EXECUTE (
SELECT format('COMMENT ON POLICY fairlead ON %s IS %L', p.polrelid::regclass, 'fairlead 478c53e71c63362f1897b84fcff914a6 '
|| md5(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')))
FROM pg_policy p WHERE p.polname = 'fairlead' AND p.polrelid = '"public"."alerts"'::regclass); END $fairlead$;
\endif
\endif
SELECT format('GRANT %s ON TABLE %s TO %s', CASE c.relkind WHEN 'm' THEN 'SELECT' ELSE 'SELECT, INSERT, UPDATE, DELETE' END, c.oid::regclass, '"alerts_rw"')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pg_get_userbyid(c.relowner) = current_user AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> ALL (ARRAY['flyway_schema_history', 'flyway_schema_history_fairlead']::text[]) \gexec
SELECT format('GRANT %s ON TABLE %s TO %s', CASE c.relkind WHEN 'm' THEN 'SELECT' ELSE 'SELECT' END, c.oid::regclass, '"alerts_ro"')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pg_get_userbyid(c.relowner) = current_user AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> ALL (ARRAY['flyway_schema_history', 'flyway_schema_history_fairlead']::text[]) \gexec
SELECT format('REVOKE ALL ON TABLE %s FROM %s', c.oid::regclass, '"alerts_rw", "alerts_ro"')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pg_get_userbyid(c.relowner) = current_user AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' AND c.relname = ANY (ARRAY['flyway_schema_history', 'flyway_schema_history_fairlead']::text[]) AND c.relkind = 'r' \gexec
COMMIT;
