CREATE OR REPLACE FUNCTION {{repair}}.pieces(_site text, _since timestamp, _after bigint)
RETURNS TABLE (id bigint, rows bigint, taxo_group integer, unit text, first_day date, last_day date)
-- plpgsql, not sql: where only the repair is installed by hand, the client's other tables may not be there.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN QUERY
    -- The last five parts of "<site> => Iter: 1, 12 obs, taxo_group: 1, territorial_unit: 107, date: 08/11/2026, interval: 14"
    -- (or in French). Taken apart by the pattern itself they cost ten times as much, and the log has years of them.
    SELECT l.id::bigint, split_part(split_part(l.comment, ', ', -5), ' ', 1)::bigint,
           split_part(split_part(l.comment, ', ', -4), ': ', 2)::integer,
           split_part(split_part(l.comment, ', ', -3), ': ', 2), d.first_day,
           d.first_day + split_part(split_part(l.comment, ', ', -1), ': ', 2)::integer
      FROM {{check}}.download_log AS l,
           -- In both ways to write a day: which of them is the client's own affair.
           split_part(split_part(l.comment, ', ', -2), ': ', 2) AS w (day),
           to_date(w.day, CASE WHEN w.day LIKE '__/%' THEN 'DD/MM/YYYY' ELSE 'YYYY-MM-DD' END) AS d (first_day)
     WHERE l.controler = 'observations' AND l.site = _site AND l.id > coalesce(_after, 0)
       AND (_after IS NOT NULL OR l.download_ts >= _since)
       AND l.comment ~ ', \d{1,9} obs, taxo_group ?: \d{1,9}, territorial_unit ?: \S+, date ?: (\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d), interval\w* ?: \d{1,5}$';
END
$fix$;
COMMENT ON FUNCTION {{repair}}.pieces(text, timestamp, bigint) IS
'What the client has fetched and stored of a site since then, or behind an id of download_log: a group in a unit over some
days, both included. A row of download_log is written only after all rows of its piece are stored, so its presence proves the
piece; failures leave none (Client-API-VN 2.12.0, 184 provoked failures).';
