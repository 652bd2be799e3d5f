CREATE OR REPLACE FUNCTION {{repair}}.never_answered(_site text, _since timestamp, _after bigint DEFAULT NULL)
RETURNS SETOF text
-- plpgsql for the same reason as in pieces.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN QUERY
  SELECT c.name
    FROM unnest(ARRAY['taxo_groups', 'territorial_units']) AS c (name)
   WHERE NOT EXISTS (
     SELECT FROM {{check}}.download_log AS l
      WHERE l.site = _site AND l.controler = c.name AND l.id > coalesce(_after, 0)
        AND (_after IS NOT NULL OR l.download_ts >= _since) AND coalesce(l.http_status, 200) = 200);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.never_answered(text, timestamp, bigint) IS
'Of the controllers that say which groups and units there are, those that the portal has not answered since then. The client
writes their row of download_log before it stores what came, so a row alone does not say that the controller ended well.';

CREATE OR REPLACE FUNCTION {{repair}}.site_proof(_job bigint, _site text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT jsonb_build_object(
    'site', s.site, 'since', s.since, 'window', jsonb_build_object('from', j.window_from, 'to', j.window_to),
    'expected', s.expected, 'rows', s.rows,
    'unproven', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'taxoGroup', g.taxo_group, 'groupName', g.group_name, 'unit', g.unit, 'shortName', g.short_name)
                          ORDER BY g.taxo_group, g.unit), '[]')
                   FROM {{repair}}.job_gap AS g WHERE g.job = s.job AND g.site = s.site),
    'missing', to_jsonb(s.missing), 'proven', s.proven,
    'doubts', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                        'kind', d.kind, 'got', d.got, 'usual', d.usual, 'taxoGroup', d.taxo_group, 'groupName', d.group_name,
                        'unit', d.unit, 'from', CASE WHEN d.taxo_group IS NOT NULL THEN d.from_day END,
                        'to', CASE WHEN d.taxo_group IS NOT NULL THEN d.to_day END))), '[]')
                 FROM unnest(s.doubts) AS d))
    FROM {{repair}}.job_site AS s JOIN {{repair}}.job AS j ON j.id = s.job
   WHERE s.job = _job AND s.site = _site AND s.since IS NOT NULL;
$fix$;
COMMENT ON FUNCTION {{repair}}.site_proof(bigint, text) IS
  'The proof of a site''s download as vn-check reads it; NULL: the job downloaded nothing of it by date.';

CREATE OR REPLACE FUNCTION {{repair}}.prove(_job bigint, _site text, _missing text[], _accept_download boolean)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _j {{repair}}.job := {{repair}}.job_under_way(_job);
  _s {{repair}}.job_site;
  _gaps bigint;
BEGIN
  SELECT * INTO _s FROM {{repair}}.job_site WHERE job = _job AND site = _site AND since IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the download of site % was not begun in job %', _site, _job
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call begin_site first.';
  END IF;
  DELETE FROM {{repair}}.job_gap WHERE job = _job AND site = _site;
  DELETE FROM {{repair}}.job_piece WHERE job = _job AND site = _site;
  WITH covered AS MATERIALIZED (
    SELECT * FROM {{repair}}.coverage(_site, _s.excluded_groups, _s.units, _s.since, _s.since_log, _s.since_xid)
  ), gap AS (
    INSERT INTO {{repair}}.job_gap (job, site, taxo_group, group_name, unit, short_name)
    SELECT _job, _site, c.taxo_group, c.group_name, c.unit, c.short_name
      FROM covered AS c WHERE NOT c.days @> daterange(_j.window_from, _j.window_to, '[]')
    RETURNING 1
  ), piece AS (
    INSERT INTO {{repair}}.job_piece (job, site, taxo_group, group_name, unit, short_name, rows)
    SELECT _job, _site, c.taxo_group, c.group_name, c.unit, c.short_name, c.rows FROM covered AS c
  )
  SELECT count(*), coalesce(sum(c.rows), 0), (SELECT count(*) FROM gap) INTO _s.expected, _s.rows, _gaps
    FROM covered AS c;
  _s.missing := ARRAY(
    SELECT unnest(coalesce(_missing, _s.missing))
     UNION
    SELECT {{repair}}.never_answered(_site, _s.since, _s.since_log) ORDER BY 1);
  _s.accepted := _s.accepted OR coalesce(_accept_download, false);
  _s.doubts := '{}';
  IF _gaps = 0 AND _s.expected > 0 AND NOT _s.accepted AND NOT EXISTS (
       -- What was believed already, and is only gone on with.
       SELECT FROM {{repair}}.job_site AS o WHERE o.job = _j.resumes AND o.site = _site AND o.since = _s.since AND o.proven) THEN
    _s.doubts := {{repair}}.judge(_job, _site, _s.expected, _s.rows);
  END IF;
  -- At least one group and unit: empty reference tables, or a filter that matches nothing, prove nothing.
  _s.proven := _gaps = 0 AND _s.expected > 0 AND cardinality(_s.missing) = 0 AND cardinality(_s.doubts) = 0;
  UPDATE {{repair}}.job_site
     SET expected = _s.expected, rows = _s.rows, missing = _s.missing, accepted = _s.accepted, doubts = _s.doubts,
         proven = _s.proven,
         -- Behind the first that was whole, the update of the site follows.
         until_xid = CASE WHEN _gaps = 0 AND until_xid IS NOT NULL THEN until_xid ELSE pg_current_xact_id() END
   WHERE job = _job AND site = _site;
  IF _s.proven THEN
    PERFORM {{repair}}.settle_doubts(_job, _site, _s.accepted);
  END IF;
  RETURN {{repair}}.site_proof(_job, _site);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.prove(bigint, text, text[], boolean) IS
'Whether a site''s download is complete, from what the client has stored; writes it down and returns it. To be called when no
client process is left. _missing: controllers of the proof that have not ended well since the download began (NULL: as last
said), to which those that the portal never answered are added. _accept_download: a person has looked, it is not doubted.';

CREATE OR REPLACE FUNCTION {{repair}}.proof(_job bigint)
RETURNS TABLE (site text, since timestamp, expected integer, rows bigint, unproven bigint, missing text[],
               doubts {{repair}}.doubt[], proven boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT s.site, s.since, s.expected, s.rows,
         (SELECT count(*) FROM {{repair}}.job_gap AS g WHERE g.job = s.job AND g.site = s.site),
         s.missing, s.doubts, s.proven
    FROM {{repair}}.job_site AS s
   WHERE s.job = _job AND s.since IS NOT NULL
   ORDER BY s.site;
$fix$;
COMMENT ON FUNCTION {{repair}}.proof(bigint) IS
  'For people: how complete the downloads of a job are, site by site. What lacks is in job_gap.';
