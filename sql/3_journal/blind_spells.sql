-- Times in which deletions from main, or changes of check, may have gone unseen.
CREATE OR REPLACE FUNCTION {{repair}}.note_spell(
  _run bigint, _of_main boolean, _since timestamptz, _off text, _touched text, _xid xid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _reason text := CASE WHEN _off IS NULL THEN 'switched off, or made anew: ' || _touched ELSE 'off: ' || _off END;
BEGIN
  UPDATE {{repair}}.blind_spell SET until = now(), run = _run, lasts = _off IS NOT NULL, xid = _xid
   WHERE of_main = _of_main AND lasts;
  IF FOUND OR _reason IS NULL THEN
    RETURN;
  END IF;
  IF _run < 0 THEN
    -- Of a dry run all is rolled back, but a number of the sequence would not be.
    INSERT INTO {{repair}}.blind_spell (id, of_main, reason, since, until, lasts, run, xid) OVERRIDING SYSTEM VALUE
    VALUES (CASE WHEN _of_main THEN -1 ELSE -2 END, _of_main, _reason, coalesce(_since, now()), now(), _off IS NOT NULL, _run, _xid);
  ELSE
    INSERT INTO {{repair}}.blind_spell (of_main, reason, since, until, lasts, run, xid)
    VALUES (_of_main, _reason, coalesce(_since, now()), now(), _off IS NOT NULL, _run, _xid);
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_spell(bigint, boolean, timestamptz, text, text, xid) IS
  'Writes a blind spell down, or that one lasts or has ended.';

CREATE OR REPLACE FUNCTION {{repair}}.blind_since() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT min(since) FROM {{repair}}.blind_spell WHERE of_main AND released_at IS NULL;
$fix$;
COMMENT ON FUNCTION {{repair}}.blind_since() IS
  'Since when deletions from main may have gone unseen, as far as nobody has said that there were none; or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.note_brought(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _xid xid;
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.blind_spell WHERE of_main AND run = _run)
     OR EXISTS (SELECT FROM {{repair}}.blind_spell WHERE of_main AND run = _run AND (lasts OR xid IS NULL)) THEN
    RETURN;
  END IF;
  -- Journaled before this run, so it may have come before or after: the row itself tells.
  SELECT xid INTO _xid FROM {{repair}}.blind_spell WHERE of_main AND run = _run ORDER BY age(xid) LIMIT 1;
  UPDATE {{repair}}.downloaded_key AS n SET at = clock_timestamp()
    FROM {{check}}.observations_json AS c
   WHERE n.at = now() AND c.id = n.id AND c.site = n.site AND age(c.xmin) < age(_xid);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_brought(bigint) IS
  'Of the keys that a run took off the journal, tells those that check got after the blind spells that this run noticed.';

CREATE OR REPLACE FUNCTION {{repair}}.spells_of(_run bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT string_agg(format('%s not seen from %s to %s (%s)', CASE WHEN of_main THEN 'deletions from main' ELSE 'changes of check' END,
                           since, until, reason), '; ' ORDER BY id)
    FROM {{repair}}.blind_spell WHERE run = _run;
$fix$;
COMMENT ON FUNCTION {{repair}}.spells_of(bigint) IS 'The blind spells that a run noticed, in words; or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.lost_unseen(_run bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Some rows that are held back are for people to look at some day; an emptied copy is no repaired one.
  SELECT h.n
    FROM (SELECT count(*) AS n FROM {{repair}}.held_back WHERE run = _run AND cause = 'unseen') AS h
   WHERE EXISTS (SELECT FROM {{repair}}.blind_spell AS b
                  WHERE b.of_main AND b.released_at IS NULL
                    AND CASE WHEN b.reason LIKE 'TRUNCATE %' THEN h.n > 0 OR b.run = _run
                             ELSE h.n >= (SELECT min_differences FROM {{repair}}.settings) END);
$fix$;
COMMENT ON FUNCTION {{repair}}.lost_unseen(bigint) IS
  'How many rows a run has held back since main was emptied, or lost many while nobody watched; NULL: neither.';

CREATE OR REPLACE FUNCTION {{repair}}.nothing_was_deleted(_spell bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  UPDATE {{repair}}.blind_spell SET released_at = now(), released_by = session_user
   WHERE id = _spell AND released_at IS NULL;
  RETURN FOUND;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.nothing_was_deleted(bigint) IS
  'Says that nothing was deleted from main in a blind spell: the next run puts back what was held back for it.';
