-- The words of the tables below. A type that is there gets the words that it lacks, at its end; they cannot be used
-- within this transaction.
DO $fix$
DECLARE
  _t record;
  _word text;
BEGIN
  FOR _t IN
    SELECT * FROM (VALUES
      ('action', ARRAY['insert', 'update', 'delete'], 'What is done to a row of main.'),
      ('reason', ARRAY['missing', 'older', 'other content', 'deleted in check', 'not downloaded'],
       'Why a row of main should change.'),
      ('set_aside_cause', ARRAY['refused', 'dropped', 'locked'], 'Why a row could not be written.'),
      ('held_back_cause',
       ARRAY['deleted in main', 'lost by others', 'deleted by a run', 'unseen', 'deletion reported', 'newer in main',
             'deleted by hand', 'over the cap', 'unknown site', 'site too long'],
       'Why a difference is left to people.'),
      ('run_mode', ARRAY['journal', 'whole', 'contents'],
       'What a run compares: what changed in check; observations_json whole; also other tables and contents.'),
      ('run_phase', ARRAY['comparing', 'applying', 'ended', 'refused'],
       'Where a run is; refused: it has compared, and may not write.'),
      ('run_status', ARRAY['running', 'done', 'partial', 'refused', 'failed', 'interrupted'], 'How a run stands or ended.'),
      ('deletion_policy', ARRAY['report', 'apply'], 'What happens to rows that the portal deleted.'),
      ('loss_policy', ARRAY['report', 'repair'], 'What happens to rows that somebody else deleted from main.'),
      ('fate', ARRAY['new', 'came back', 'gone from main', 'followed'], 'What became of a deletion in check.'),
      ('deletion_reason', ARRAY['followed', 'suspected'], 'Why a run deleted a row of main.'),
      ('job_verb', ARRAY['init', 'daily', 'weekly', 'repair', 'dry run'], 'A verb of vn-check that downloads or repairs; dry run: repair --dry-run.'),
      ('job_status', ARRAY['running', 'done', 'partial', 'failed'], 'How a job stands or ended.'),
      ('part_kind', ARRAY['download', 'update', 'import', 'list'], 'What was asked of a part: its days, its changes, all of it; or a whole list.'),
      ('doubt_kind', ARRAY['fewer downloads', 'few rows', 'not brought'], 'Why a download that looks whole is not believed.')
    ) AS v (name, words, comment)
  LOOP
    IF to_regtype(format('{{repair}}.%I', _t.name)) IS NULL THEN
      EXECUTE format('CREATE TYPE {{repair}}.%I AS ENUM (%s)', _t.name,
        (SELECT string_agg(quote_literal(w), ', ' ORDER BY ord) FROM unnest(_t.words) WITH ORDINALITY AS u (w, ord)));
    END IF;
    FOREACH _word IN ARRAY _t.words LOOP
      EXECUTE format('ALTER TYPE {{repair}}.%I ADD VALUE IF NOT EXISTS %L', _t.name, _word);
    END LOOP;
    EXECUTE format('COMMENT ON TYPE {{repair}}.%I IS %L', _t.name, _t.comment);
  END LOOP;
  IF to_regtype('{{repair}}.doubt') IS NULL THEN
    CREATE TYPE {{repair}}.doubt AS (kind {{repair}}.doubt_kind, got bigint, usual numeric);
  END IF;
  FOR _t IN
    SELECT * FROM (VALUES (1, 'taxo_group', 'integer'), (2, 'group_name', 'text'), (3, 'unit', 'text'), (4, 'from_day', 'date'),
                          (5, 'to_day', 'date')) AS v (place, name, type)
     WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attname = v.name
                          AND attrelid = (SELECT typrelid FROM pg_type WHERE oid = '{{repair}}.doubt'::regtype))
     ORDER BY v.place
  LOOP
    EXECUTE format('ALTER TYPE {{repair}}.doubt ADD ATTRIBUTE %I %s', _t.name, _t.type);
  END LOOP;
  COMMENT ON TYPE {{repair}}.doubt IS
    'What a download brought and what is usual, of a whole site or of the group or unit named; from and to: days of entry that it is about.';
  IF to_regtype('{{repair}}.step') IS NULL THEN
    CREATE TYPE {{repair}}.step AS (
      run bigint, id bigint, site text, key text, size integer, singles integer, tries integer, waits boolean,
      result jsonb, sqlstate text);
  END IF;
  COMMENT ON TYPE {{repair}}.step IS
    'How far a run has come, between two of its steps: after which key of the work list, how many rows at once, how many still one by one, tries of a row that others hold. With a result it is over; sqlstate: of a comparison that failed.';
END
$fix$;
