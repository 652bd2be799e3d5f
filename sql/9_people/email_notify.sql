-- The mail function of the published procedure, under its name: it only queues, and the runner on the host sends.
-- One of the user's own is never replaced; the published one (COPY … TO PROGRAM with mail) is, and kept in text.
DO $fix$
DECLARE
  _login name := (SELECT login_role FROM {{repair}}.settings);
  _theirs oid := to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)');
  _source text := (SELECT prosrc FROM pg_proc WHERE oid = _theirs);
BEGIN
  IF _theirs IS NOT NULL AND _source !~ 'mail_queue' THEN
    IF _source !~* 'to\s+program' OR _source !~ 'mail -s' THEN
      RAISE NOTICE 'vn-sync-check: %.email_notify is your own function and stays as it is', '{{monitoring}}'::regnamespace;
      RETURN;
    END IF;
    INSERT INTO {{repair}}.replaced_object (kind, name, owner, definition)
    SELECT 'function', oid::regprocedure::text, pg_get_userbyid(proowner), pg_get_functiondef(oid)
      FROM pg_proc WHERE oid = _theirs;
    DROP FUNCTION {{monitoring}}.email_notify(text, varchar, varchar);
  END IF;
  CREATE OR REPLACE FUNCTION {{monitoring}}.email_notify(message text, subject varchar, recipient varchar) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $mail$
  BEGIN
    IF coalesce(btrim(recipient), '') = '' THEN
      RAISE EXCEPTION 'email_notify: no recipient';
    END IF;
    -- A mail for each, so that one address that is refused does not decide for the others.
    INSERT INTO {{monitoring}}.mail_queue (recipient, subject, message)
    SELECT one, coalesce(subject, ''), coalesce(message, '')
      FROM unnest(CASE WHEN recipient ~ '^[^[:space:],;"<>@]+@[^[:space:],;"<>@]+([[:space:],;]+[^[:space:],;"<>@]+@[^[:space:],;"<>@]+)+$'
                       THEN regexp_split_to_array(recipient, '[[:space:],;]+') ELSE ARRAY[recipient::text] END) AS one;
  END
  $mail$;
  COMMENT ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) IS
    'vn-sync-check: queues a mail in mail_queue; vn-check sends it.';
  REVOKE ALL ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) FROM PUBLIC;
  IF _login IS NOT NULL THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) TO %I', _login);
  END IF;
  -- Acts with the queue's owner's rights: it belongs to the same role as the queue.
  EXECUTE format('ALTER FUNCTION {{monitoring}}.email_notify(text, varchar, varchar) OWNER TO %I',
    (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '{{monitoring}}.mail_queue'::regclass));
END
$fix$;
