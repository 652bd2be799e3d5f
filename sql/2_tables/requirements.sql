-- What has to be there before anything of the repair is made.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _what text;
  _before text;
BEGIN
  IF to_regclass('{{repair}}.settings') IS NOT NULL THEN
    SELECT installed_version INTO _before FROM {{repair}}.settings;
    -- An older program knows nothing of what a newer one has made.
    IF string_to_array(split_part(_before, '-', 1), '.')::integer[]
       > string_to_array(split_part(_i ->> 'version', '-', 1), '.')::integer[] THEN
      RAISE EXCEPTION 'version % of the kit installed what is there; this is version %: nothing was changed', _before, _i ->> 'version'
        USING HINT = 'Bring the kit up to date (git pull, npm ci), then again.';
    END IF;
  END IF;
  FOREACH _what IN ARRAY ARRAY[_i ->> 'main_schema', _i ->> 'check_schema'] LOOP
    IF to_regclass(format('%I.observations_json', _what)) IS NULL THEN
      RAISE EXCEPTION 'there is no table %.observations_json: is the schema''s name right, and has Client-API-VN created its tables?', _what;
    END IF;
  END LOOP;
  IF _i ->> 'definer' IS NOT NULL THEN
    SELECT CASE WHEN count(*) = 0 THEN 'does not exist: create it first'
                WHEN bool_or(rolsuper) THEN 'is a superuser: what main''s triggers run would be too' END
      INTO _what FROM pg_roles WHERE rolname = _i ->> 'definer';
    IF _what IS NOT NULL THEN
      RAISE EXCEPTION 'the role % that the repair is to run as %', _i ->> 'definer', _what;
    END IF;
  END IF;
END
$fix$;
