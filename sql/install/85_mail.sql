-- The mail function of the published procedure, under its name: it only queues, and the runner on the host sends.
-- One of the user's own is never replaced; the published one (COPY … TO PROGRAM with mail) is, and kept in text.
DO $fix$
DECLARE
  _theirs text;
BEGIN
  SELECT p.prosrc INTO _theirs FROM pg_proc AS p
   WHERE p.oid = to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)');
  IF _theirs IS NOT NULL AND _theirs !~ 'mail_queue' THEN
    IF _theirs !~* 'to\s+program' OR _theirs !~ 'mail -s' THEN
      RAISE NOTICE 'vn-sync-check: %.email_notify is your own function and stays as it is', {{monitoring_text}};
      RETURN;
    END IF;
    INSERT INTO {{check}}.repair_replaced (kind, name, owner, definition)
    SELECT 'function', p.oid::regprocedure::text, pg_get_userbyid(p.proowner), pg_get_functiondef(p.oid)
      FROM pg_proc AS p WHERE p.oid = to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)');
    DROP FUNCTION {{monitoring}}.email_notify(text, varchar, varchar);
  END IF;
  CREATE OR REPLACE FUNCTION {{monitoring}}.email_notify(message text, subject varchar, recipient varchar) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $mail$
  BEGIN
    IF coalesce(btrim(recipient), '') = '' THEN
      RAISE EXCEPTION 'email_notify: no recipient';
    END IF;
    INSERT INTO {{monitoring}}.mail_queue (recipient, subject, message)
    VALUES (recipient, coalesce(subject, ''), coalesce(message, ''));
  END
  $mail$;
  COMMENT ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) IS
    'vn-sync-check: queues a mail in mail_queue; the runner sends it.';
  REVOKE ALL ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) FROM PUBLIC;
  IF {{login_text}} IS NOT NULL THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) TO %I', {{login_text}});
  END IF;
  -- Acts with the queue's owner's rights: it belongs to the same role as the queue.
  EXECUTE format('ALTER FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) OWNER TO %I',
    (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '{{monitoring}}.mail_queue'::regclass));
END
$fix$;
