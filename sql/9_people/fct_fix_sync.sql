-- The published procedure, under its name and with its calls.
CREATE OR REPLACE PROCEDURE {{check}}.fct_fix_sync(_email boolean DEFAULT true)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _result pg_catalog.jsonb;
BEGIN
  IF _email IS NULL THEN
    RAISE EXCEPTION 'fct_fix_sync: NULL says neither mail nor no mail. Call fct_fix_sync(), fct_fix_sync(FALSE) or fct_fix_sync(''name@example.org'')'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  CALL {{repair}}.repair('whole', NULL, false, NULL, _result);
  CALL {{repair}}.next_transaction();
  PERFORM {{repair}}.tell(_result, CASE WHEN _email THEN {{repair}}.recipient() END);
  CALL {{repair}}.next_transaction(); -- what has been told stays
  PERFORM {{repair}}.expect_done(_result);
END
$fix$;
COMMENT ON PROCEDURE {{check}}.fct_fix_sync(boolean) IS
  'vn-sync-check: repairs main from check, as the published procedure did. FALSE: no mail; TRUE: to the configured address, if there is one. Ends in an error where nothing could be repaired.';

CREATE OR REPLACE PROCEDURE {{check}}.fct_fix_sync(_recipient text)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _result pg_catalog.jsonb;
BEGIN
  -- No operator of the session's own search_path yet.
  IF _recipient IS NULL OR pg_catalog.lower(pg_catalog.btrim(_recipient)) OPERATOR(pg_catalog.=)
       ANY (ARRAY['', 'true', 'false', 't', 'f', 'yes', 'no', 'on', 'off']) THEN
    RAISE EXCEPTION 'fct_fix_sync: % is no mail address. Call fct_fix_sync(), fct_fix_sync(FALSE) without quotes, or fct_fix_sync(''name@example.org'')',
      pg_catalog.quote_nullable(_recipient)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  CALL {{repair}}.repair('whole', NULL, false, NULL, _result);
  CALL {{repair}}.next_transaction();
  PERFORM {{repair}}.tell(_result, _recipient);
  CALL {{repair}}.next_transaction(); -- what has been told stays
  PERFORM {{repair}}.expect_done(_result);
END
$fix$;
COMMENT ON PROCEDURE {{check}}.fct_fix_sync(text) IS 'vn-sync-check: repairs main from check, and sends a mail to this address.';

CREATE OR REPLACE FUNCTION {{repair}}.recipient() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT mail_to FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.recipient() IS 'The configured address for the mails of fct_fix_sync, or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.tell(_result jsonb, _recipient text) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _text text := format('<%s.fct_fix_sync> %s: %s rows inserted, %s rows updated, %s deleted, %s set aside in %s.%s%s',
    '{{check}}'::regnamespace, _result ->> 'status', _result ->> 'inserted', _result ->> 'updated', _result ->> 'deleted',
    _result ->> 'set_aside', current_database(), '{{main}}'::regnamespace, ': ' || (_result ->> 'message'));
  _notify oid := to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)');
BEGIN
  RAISE NOTICE '%', _text;
  IF _recipient IS NULL OR _notify IS NULL THEN
    RETURN;
  END IF;
  -- One of the user's own runs with the caller's rights.
  IF EXISTS (SELECT FROM pg_proc AS p JOIN pg_roles AS o ON o.oid = p.proowner JOIN pg_roles AS me ON me.rolname = current_user
              WHERE p.oid = _notify AND me.rolsuper AND NOT o.rolsuper AND NOT p.prosecdef) THEN
    RAISE WARNING 'no mail to %: % belongs to another role, and would run as a superuser', _recipient, _notify::regprocedure;
  ELSE
    PERFORM {{monitoring}}.email_notify(
      concat_ws(E'\n\n', _text, {{repair}}.mail_details(_result)), format('[%s] Upsert missing data from visionature', current_database())::varchar, _recipient::varchar);
  END IF;
EXCEPTION WHEN OTHERS THEN
  -- The repair is committed: a mail that fails is a warning.
  RAISE WARNING 'the mail to % was not sent: %', _recipient, SQLERRM;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.tell(jsonb, text) IS 'Says what a run of fct_fix_sync did: a notice and, with an address, a mail.';
