CREATE OR REPLACE FUNCTION {{repair}}.part_of(_doubt {{repair}}.doubt) RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce('g' || _doubt.taxo_group, 'u' || _doubt.unit, '');
$fix$;
COMMENT ON FUNCTION {{repair}}.part_of({{repair}}.doubt) IS 'What a doubt is about, as in open_doubt.';

CREATE OR REPLACE FUNCTION {{repair}}.judge(_job bigint, _site text, _expected integer, _rows bigint)
RETURNS {{repair}}.doubt[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _j {{repair}}.job := (SELECT j FROM {{repair}}.job AS j WHERE j.id = _job);
  _s {{repair}}.job_site := (SELECT s FROM {{repair}}.job_site AS s WHERE s.job = _job AND s.site = _site);
  _doubts {{repair}}.doubt[] := {{repair}}.doubts_of(_job, _site, _expected, _rows);
BEGIN
  -- With other filters it was another download.
  DELETE FROM {{repair}}.open_doubt AS o
   WHERE o.site = _site AND (o.excluded_groups <> _s.excluded_groups OR o.units <> _s.units);
  _doubts := ARRAY(
    SELECT d FROM unnest(_doubts) AS d
      LEFT JOIN {{repair}}.open_doubt AS o ON o.site = _site AND o.kind = (d).kind AND o.part = {{repair}}.part_of(d)
     WHERE o.accepted_at IS NULL
       -- A list that two weekly downloads found as short is the portal's own.
       AND NOT (d.kind = 'fewer downloads' AND _j.verb = 'weekly' AND coalesce(o.first_weekly < _job, false))
     UNION ALL
    -- What this window does not reach has no answer yet: carried over, while the portal lists the group at all.
    SELECT o.doubt FROM {{repair}}.open_doubt AS o
     WHERE o.site = _site AND o.accepted_at IS NULL AND o.kind <> 'fewer downloads'
       AND _j.window_from > (o.doubt).from_day - CASE o.kind WHEN 'not brought' THEN 1 ELSE 0 END
       AND NOT EXISTS (SELECT FROM unnest(_doubts) AS d WHERE d.kind = o.kind AND {{repair}}.part_of(d) = o.part)
       AND ((o.doubt).taxo_group IS NULL
            OR EXISTS (SELECT FROM {{repair}}.job_piece AS p
                        WHERE p.job = _job AND p.site = _site AND p.taxo_group = (o.doubt).taxo_group)));
  DELETE FROM {{repair}}.open_doubt AS o
   WHERE o.site = _site AND o.accepted_at IS NULL
     AND NOT EXISTS (SELECT FROM unnest(_doubts) AS d WHERE d.kind = o.kind AND {{repair}}.part_of(d) = o.part);
  INSERT INTO {{repair}}.open_doubt AS o (site, kind, part, excluded_groups, units, doubt, job, first_weekly)
  SELECT _site, d.kind, {{repair}}.part_of(d), _s.excluded_groups, _s.units, d, _job, CASE WHEN _j.verb = 'weekly' THEN _job END
    FROM unnest(_doubts) AS d
  ON CONFLICT (site, kind, part) DO UPDATE SET
    -- Of its days the first that ever lacked.
    doubt = ((EXCLUDED.doubt).kind, (EXCLUDED.doubt).got, (EXCLUDED.doubt).usual, (EXCLUDED.doubt).taxo_group,
             (EXCLUDED.doubt).group_name, (EXCLUDED.doubt).unit, least((o.doubt).from_day, (EXCLUDED.doubt).from_day),
             greatest((o.doubt).to_day, (EXCLUDED.doubt).to_day))::{{repair}}.doubt,
    job = EXCLUDED.job, first_weekly = coalesce(o.first_weekly, EXCLUDED.first_weekly);
  RETURN _doubts;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.judge(bigint, text, integer, bigint) IS
  'The doubts of a download that lacks nothing: its own, and earlier ones that it does not answer. Written down until they are answered.';

CREATE OR REPLACE FUNCTION {{repair}}.take_as_it_is(_job bigint, _site text, _taxo_group integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  INSERT INTO {{repair}}.accepted_download AS a (site, taxo_group, job, xid)
  SELECT s.site, _taxo_group, s.job, s.since_xid FROM {{repair}}.job_site AS s
   WHERE s.job = _job AND s.site = _site AND s.since_xid IS NOT NULL
  ON CONFLICT (site, taxo_group) DO UPDATE SET job = EXCLUDED.job, xid = EXCLUDED.xid;
$fix$;
COMMENT ON FUNCTION {{repair}}.take_as_it_is(bigint, text, integer) IS
  'What only downloads before this job''s brought of a group (0: of the site) is not expected any more.';

CREATE OR REPLACE FUNCTION {{repair}}.settle_doubts(_job bigint, _site text, _all boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF _all THEN
    PERFORM {{repair}}.take_as_it_is(_job, _site, 0);
  ELSE
    PERFORM {{repair}}.take_as_it_is(_job, _site, coalesce((o.doubt).taxo_group, 0))
      FROM {{repair}}.open_doubt AS o
     WHERE o.site = _site AND o.accepted_at IS NOT NULL AND o.kind <> 'fewer downloads';
  END IF;
  DELETE FROM {{repair}}.open_doubt AS o WHERE o.site = _site;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.settle_doubts(bigint, text, boolean) IS
  'A download is proven: what people accepted of it (_all: whatever it was) is the measure from now on.';

CREATE OR REPLACE FUNCTION {{repair}}.accept_doubts(_site text, _part text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _n integer;
BEGIN
  UPDATE {{repair}}.open_doubt AS o SET accepted_at = coalesce(o.accepted_at, now())
   WHERE o.site = _site
     AND (_part IS NULL OR _part IN ((o.doubt).group_name, (o.doubt).taxo_group::text, (o.doubt).unit));
  GET DIAGNOSTICS _n = ROW_COUNT;
  RETURN _n;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.accept_doubts(text, text) IS
  'A person has looked: these doubts of a site (of a group, by name or number, or a unit; NULL: all) are none for the next download. How many they are.';
