-- What the server and the database have to be, before anything is made.
DO $fix$
BEGIN
  IF current_setting('server_version_num')::integer < 150000 THEN
    RAISE EXCEPTION 'PostgreSQL 15 or newer is needed; this is %', current_setting('server_version');
  END IF;
  -- JSON of the portal has characters that other encodings lack, and then neither copy can hold it.
  IF getdatabaseencoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
    RAISE EXCEPTION 'the database % is in %: UTF8 is needed, since the portal''s data have characters that % lacks',
      current_database(), getdatabaseencoding(), getdatabaseencoding()
      USING HINT = 'Dump it, make a new one (CREATE DATABASE name ENCODING UTF8 TEMPLATE template0) and restore it there.';
  END IF;
END
$fix$;
