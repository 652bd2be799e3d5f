CREATE OR REPLACE FUNCTION {{repair}}.mail_details(_result jsonb) RETURNS text
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT concat_ws(E'\n\n',
    (SELECT string_agg(format('%s: %s inserted, %s updated, %s deleted, %s set aside', key, value ->> 'inserted',
              value ->> 'updated', value ->> 'deleted', value ->> 'set_aside'), E'\n' ORDER BY key)
       FROM jsonb_each(coalesce(_result -> 'by_table', '{}'))
      WHERE (SELECT bool_or(n.value ~ '^[1-9]') FROM jsonb_each_text(value) AS n)),
    -- The states by the words that the view has for them.
    (SELECT 'Set aside, to be tried again by each repair, or held back for people to look at:' || E'\n'
            || string_agg(format('%s × %s', value, key), E'\n' ORDER BY key)
            || E'\nSELECT * FROM {{check}}.mv_data_missing_or_not_updated'
       FROM jsonb_each_text(coalesce(_result -> 'open', '{}'))
     HAVING count(*) > 0));
$fix$;
COMMENT ON FUNCTION {{repair}}.mail_details(jsonb) IS 'What the mail of fct_fix_sync says of a run beyond its first line: each table, and what is left open.';
