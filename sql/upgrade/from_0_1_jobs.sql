-- The jobs of version 0.1, whose proofs were JSON.
DO $fix$
BEGIN
  IF to_regclass('{{check}}.job_run') IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO {{repair}}.job
    (id, verb, status, started_at, ended_at, window_from, window_to, repair_run, log_path, message) OVERRIDING SYSTEM VALUE
  SELECT id, verb::{{repair}}.job_verb,
         (CASE WHEN ended_at IS NULL THEN 'failed' ELSE status END)::{{repair}}.job_status,
         started_at, coalesce(ended_at, now()), window_from, window_to, repair_run_id, detail ->> 'log', detail ->> 'message'
    FROM {{check}}.job_run;
  -- Filters were kept as a fingerprint only: these proofs are no measure for later downloads.
  INSERT INTO {{repair}}.job_site
    (job, site, excluded_groups, units, since, expected, rows, missing, extras_failed, doubts, updated, proven)
  SELECT r.id, s.value ->> 'site', ARRAY['? ' || (s.value ->> 'scope')], '{}', (s.value ->> 't0')::timestamp,
         (s.value ->> 'expected')::integer, (s.value ->> 'rows')::bigint,
         ARRAY(SELECT jsonb_array_elements_text(s.value -> 'references')),
         ARRAY(SELECT jsonb_array_elements_text(r.detail #> ARRAY['extrasFailed', s.value ->> 'site'])),
         ARRAY(SELECT ROW((CASE d ->> 'kind' WHEN 'fewer pairs' THEN 'fewer downloads' ELSE 'few rows' END)::{{repair}}.doubt_kind,
                          (d ->> 'got')::bigint, coalesce(d ->> 'usual', d ->> 'before')::numeric, NULL, NULL, NULL, NULL, NULL)::{{repair}}.doubt
                 FROM jsonb_array_elements(s.value -> 'doubts') AS d),
         NOT coalesce(r.detail -> 'updatesFailed' ? (s.value ->> 'site'), false), (s.value ->> 'proven')::boolean
    FROM {{check}}.job_run AS r CROSS JOIN LATERAL jsonb_array_elements(r.proof -> 'sites') AS s;
  INSERT INTO {{repair}}.job_gap (job, site, taxo_group, group_name, unit, short_name)
  SELECT r.id, s.value ->> 'site', (g ->> 'taxo')::integer, g ->> 'group', g ->> 'unit', g ->> 'short'
    FROM {{check}}.job_run AS r
   CROSS JOIN LATERAL jsonb_array_elements(r.proof -> 'sites') AS s
   CROSS JOIN LATERAL jsonb_array_elements(s.value -> 'unproven') AS g;
  INSERT INTO {{repair}}.increment_backup (job, site, taxo_group, last_ts)
  SELECT r.id, s.key, (e ->> 'taxo')::integer, (e ->> 'last')::timestamp
    FROM {{check}}.job_run AS r
   CROSS JOIN LATERAL jsonb_each(r.detail -> 'increments') AS s
   CROSS JOIN LATERAL jsonb_array_elements(s.value) AS e;
END
$fix$;

-- The sequences go on behind what came over.
DO $fix$
DECLARE
  _t text;
BEGIN
  IF to_regclass('{{check}}.job_run') IS NULL THEN
    RETURN;
  END IF;
  FOREACH _t IN ARRAY ARRAY['run', 'job', 'deleted_row', 'replaced_object'] LOOP
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, ''id''), greatest(max(id), 1), max(id) IS NOT NULL) FROM %1$s',
                   format('{{repair}}.%I', _t));
  END LOOP;
END
$fix$;
