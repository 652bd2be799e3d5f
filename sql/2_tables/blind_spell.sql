-- Triggers can be switched off, dropped and made anew by whoever owns the tables. Each run looks whether ours are as the
-- last one left them; what may have gone unseen meanwhile is written down here.
CREATE TABLE IF NOT EXISTS {{repair}}.trigger_seen (
  relation oid NOT NULL,
  trigger name NOT NULL,
  of_main boolean NOT NULL,
  mark text NOT NULL,
  cluster text,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT trigger_seen_pk PRIMARY KEY (relation, trigger)
);
COMMENT ON TABLE {{repair}}.trigger_seen IS
  'Our triggers as the last run, or the installation, found them; the one without a name stands for main''s table itself.';
COMMENT ON COLUMN {{repair}}.trigger_seen.mark IS
  'Whether and when it fires, and the transaction that last touched it: switched off and on again, it is another one.';
COMMENT ON COLUMN {{repair}}.trigger_seen.cluster IS
  'The server''s own identifier: in another (pg_upgrade, a restored dump) transactions and tables have other numbers.';

CREATE TABLE IF NOT EXISTS {{repair}}.blind_spell (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  of_main boolean NOT NULL,
  reason text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz,
  lasts boolean NOT NULL DEFAULT false,
  run bigint,
  xid xid,
  released_at timestamptz,
  released_by name
);
COMMENT ON TABLE {{repair}}.blind_spell IS
  'A time in which deletions from main, or changes of check, may have gone unseen. What main lacks since is left to people: SELECT nothing_was_deleted(id) gives it free.';
COMMENT ON COLUMN {{repair}}.blind_spell.of_main IS 'Deletions from main; else the journal of check, and then whole tables are compared.';
COMMENT ON COLUMN {{repair}}.blind_spell.until IS 'When a run noticed it; NULL: none has yet.';
COMMENT ON COLUMN {{repair}}.blind_spell.lasts IS 'The trigger was still off when the last run looked.';
COMMENT ON COLUMN {{repair}}.blind_spell.run IS 'The run that noticed it last; NULL: none has yet, or the installation did.';
COMMENT ON COLUMN {{repair}}.blind_spell.xid IS
  'The transaction that put the watch on again, or emptied main: what check got in a later one was brought after it.';
COMMENT ON COLUMN {{repair}}.blind_spell.released_at IS 'When somebody said that nothing was deleted from main meanwhile.';

-- Between an uninstallation and this installation nobody watched.
INSERT INTO {{repair}}.blind_spell (of_main, reason, since, xid)
SELECT true, 'uninstalled', max(r.started_at), pg_current_xact_id()::xid
  FROM {{repair}}.run AS r, {{repair}}.settings AS s
 WHERE s.watch_main AND NOT EXISTS (
         SELECT FROM pg_trigger
          WHERE tgname = 'vn_repair_change' AND tgrelid = to_regclass('{{check}}.observations_json'))
HAVING count(*) > 0;
