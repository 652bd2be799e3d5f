CREATE OR REPLACE FUNCTION {{repair}}.job_under_way(_job bigint) RETURNS {{repair}}.job
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _j {{repair}}.job;
BEGIN
  SELECT * INTO _j FROM {{repair}}.job WHERE id = _job;
  IF _j.status IS DISTINCT FROM 'running' THEN
    RAISE EXCEPTION 'job % is not under way: %', _job,
      CASE WHEN _j.id IS NULL THEN 'there is none' ELSE format('it ended as %s at %s', _j.status, _j.ended_at) END
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN _j;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.job_under_way(bigint) IS 'The job; an error unless it is under way: what has ended is not changed any more.';

CREATE OR REPLACE FUNCTION {{repair}}.last_download() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT max(job) FROM {{repair}}.job_site WHERE since IS NOT NULL;
$fix$;
COMMENT ON FUNCTION {{repair}}.last_download() IS
  'The newest job that says how complete a download is: one that downloaded by date, or one that went on with it.';

CREATE OR REPLACE FUNCTION {{repair}}.begin_job(
  _verb {{repair}}.job_verb, _window_from date, _window_to date, _resumes bigint, _log_path text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _job bigint;
BEGIN
  -- Two that begin at once would each find nothing under way.
  LOCK TABLE {{repair}}.job IN SHARE ROW EXCLUSIVE MODE;
  UPDATE {{repair}}.job SET status = 'failed', ended_at = clock_timestamp(), ended_xid = pg_current_xact_id(), message = 'killed' WHERE status = 'running';
  IF _resumes IS NOT NULL THEN
    -- What an older job left has been overtaken: what its download brought is not remembered for ever.
    IF _resumes IS DISTINCT FROM {{repair}}.last_download() THEN
      RAISE EXCEPTION 'job % cannot be gone on with: the last download is that of job %', _resumes,
        coalesce({{repair}}.last_download()::text, 'none') USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT window_from, window_to INTO _window_from, _window_to FROM {{repair}}.job WHERE id = _resumes;
  END IF;
  INSERT INTO {{repair}}.job (verb, window_from, window_to, resumes, log_path, begun_xid)
  VALUES (_verb, _window_from, _window_to, _resumes, _log_path, pg_current_xact_id()) RETURNING id INTO _job;
  RETURN _job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.begin_job({{repair}}.job_verb, date, date, bigint, text) IS
'Writes down that a run of vn-check begins, and closes those that were killed: only one runs at a time. The window is that of
the job gone on with (_resumes), where there is one. Every begin_site belongs into the same transaction, so that a job that
is killed leaves all of its sites unproven.';

CREATE OR REPLACE FUNCTION {{repair}}.begin_site(
  _job bigint, _site text, _excluded_groups text[], _units text[], _again boolean DEFAULT false) RETURNS timestamp
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _j {{repair}}.job := {{repair}}.job_under_way(_job);
  _old {{repair}}.job_site;
  -- By the clock that stamps download_log: of the session's time zone, and not that of a transaction begun long ago.
  _since timestamp := clock_timestamp()::timestamp;
BEGIN
  IF _j.window_from IS NULL THEN
    RAISE EXCEPTION 'job % downloads nothing by date: it has no window', _job
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF NOT _again THEN
    SELECT * INTO _old FROM {{repair}}.job_site WHERE job = _j.resumes AND site = _site AND since IS NOT NULL;
  END IF;
  INSERT INTO {{repair}}.job_site AS s
    (job, site, excluded_groups, units, since, since_log, since_at, since_xid, missing, accepted)
  VALUES (_job, _site, -- sorted, so that equal filters are equal
          ARRAY(SELECT DISTINCT name COLLATE "C" FROM unnest(_excluded_groups) AS name ORDER BY 1),
          ARRAY(SELECT DISTINCT name COLLATE "C" FROM unnest(_units) AS name ORDER BY 1),
          coalesce(_old.since, _since),
          CASE WHEN _old.since IS NULL THEN (SELECT coalesce(max(l.id), 0) FROM {{check}}.download_log AS l)
               ELSE _old.since_log END,
          CASE WHEN _old.since IS NULL THEN clock_timestamp() ELSE _old.since_at END,
          CASE WHEN _old.since IS NULL THEN pg_current_xact_id() ELSE _old.since_xid END,
          coalesce(_old.missing, ARRAY(SELECT {{repair}}.never_answered(_site, 'infinity'))),
          coalesce(_old.proven AND _old.accepted, false))
  ON CONFLICT (job, site) DO UPDATE SET
    excluded_groups = EXCLUDED.excluded_groups, units = EXCLUDED.units, since = EXCLUDED.since,
    since_log = EXCLUDED.since_log, since_at = EXCLUDED.since_at, since_xid = EXCLUDED.since_xid, until_xid = NULL,
    missing = EXCLUDED.missing, accepted = EXCLUDED.accepted, expected = 0, rows = 0, doubts = '{}', proven = false;
  IF _old.since IS NULL THEN
    DELETE FROM {{repair}}.job_gap WHERE job = _job AND site = _site;
  ELSE
    PERFORM {{repair}}.prove(_job, _site, NULL, false);
  END IF;
  RETURN coalesce(_old.since, _since);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.begin_site(bigint, text, text[], text[], boolean) IS
'A site''s download by date begins, to be called before the first client process: nothing is proven. Where the job goes on
with another, what that one''s download brought counts too (at once: see site_proof), unless it is made _again as a whole.
_excluded_groups: name_constant; _units: short_name, empty for all: the client''s filters. Returns since when pieces count.';

CREATE OR REPLACE FUNCTION {{repair}}.site_ended(_job bigint, _site text, _updated boolean, _extras_failed text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  PERFORM {{repair}}.job_under_way(_job);
  INSERT INTO {{repair}}.job_site (job, site, updated, extras_failed)
  VALUES (_job, _site, _updated, coalesce(_extras_failed, '{}'))
  ON CONFLICT (job, site) DO UPDATE SET updated = EXCLUDED.updated, extras_failed = EXCLUDED.extras_failed;
  -- What the portal has deleted meanwhile, the update has told by now.
  IF _updated AND EXISTS (SELECT FROM {{repair}}.job_site WHERE job = _job AND site = _site AND cardinality(doubts) > 0) THEN
    PERFORM {{repair}}.prove(_job, _site, NULL, false);
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.site_ended(bigint, text, boolean, text[]) IS
  'What else became of a site in a job: its update, after which a doubted download is looked at again, and the controllers beside the proof''s that failed.';

CREATE OR REPLACE FUNCTION {{repair}}.progress(_job bigint, _progress text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  PERFORM {{repair}}.job_under_way(_job);
  UPDATE {{repair}}.job SET progress = _progress WHERE id = _job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.progress(bigint, text) IS 'Where a job is, for vn-check status.';

CREATE OR REPLACE FUNCTION {{repair}}.note_causes(_job bigint, _causes jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  PERFORM {{repair}}.job_under_way(_job);
  UPDATE {{repair}}.job SET causes = _causes WHERE id = _job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_causes(bigint, jsonb) IS
  'What keeps a job from bringing all, for vn-check status; to be called before its end.';

CREATE OR REPLACE FUNCTION {{repair}}.end_job(_job bigint, _status {{repair}}.job_status, _message text, _repair_run bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  PERFORM {{repair}}.job_under_way(_job);
  UPDATE {{repair}}.job
     SET status = _status, ended_at = clock_timestamp(), ended_xid = pg_current_xact_id(), message = nullif(_message, ''),
         repair_run = _repair_run
   WHERE id = _job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.end_job(bigint, {{repair}}.job_status, text, bigint) IS
  'How a job ended: done, partial or failed, what people should know, and the repair that followed (NULL: none).';
