-- Who sends what email_notify has queued: vn-check, of any instance of this database. A mail is taken under a lease, by its
-- try; whoever dies with it lets it go when that is over, so that it leaves at least once, and twice only then.
CREATE OR REPLACE FUNCTION {{repair}}.take_mail() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _me text := (SELECT instance FROM {{repair}}.settings);
  _mail jsonb;
BEGIN
  UPDATE {{monitoring}}.mail_queue AS q
     SET taken_by = _me, taken_at = clock_timestamp(), tries = q.tries + 1
   WHERE q.id = (
     SELECT o.id FROM {{monitoring}}.mail_queue AS o
      WHERE o.sent_at IS NULL AND o.expired_at IS NULL AND o.queued_at > now() - interval '30 days'
        -- Far longer than vn-check gives a mail.
        AND (o.taken_at IS NULL OR o.taken_at < clock_timestamp() - interval '15 minutes')
        -- One that this host cannot send, another host may.
        AND (o.next_try_at IS NULL OR o.next_try_at <= clock_timestamp() OR o.taken_by IS DISTINCT FROM _me)
      ORDER BY o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING jsonb_build_object('id', q.id, 'try', q.tries, 'recipient', q.recipient, 'subject', q.subject, 'message', q.message,
                               'queuedAt', to_char(q.queued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) INTO _mail;
  RETURN _mail;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.take_mail() IS 'Takes the oldest mail that is due, for 15 minutes; NULL: there is none.';

CREATE OR REPLACE FUNCTION {{repair}}.mail_ended(_id bigint, _try integer, _error text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  UPDATE {{monitoring}}.mail_queue
     SET sent_at = CASE WHEN _error IS NULL THEN clock_timestamp() END,
         error = _error,
         taken_at = NULL,
         -- Half an hour, then twice as long each time, six hours at most.
         next_try_at = clock_timestamp() + least(interval '30 minutes' * 2 ^ least(tries - 1, 10), interval '6 hours')
   WHERE id = _id AND sent_at IS NULL AND taken_by = (SELECT instance FROM {{repair}}.settings)
     -- That it left is true, whoever has taken it since.
     AND (_error IS NULL OR tries = _try);
$fix$;
COMMENT ON FUNCTION {{repair}}.mail_ended(bigint, integer, text) IS
  'Writes down that a mail which was taken has left (error NULL), or why it has not, and when it is tried again.';

CREATE OR REPLACE FUNCTION {{repair}}.expire_mails() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _n integer;
BEGIN
  DELETE FROM {{monitoring}}.mail_queue WHERE coalesce(sent_at, expired_at) < now() - interval '30 days';
  UPDATE {{monitoring}}.mail_queue SET expired_at = now()
   WHERE sent_at IS NULL AND expired_at IS NULL AND queued_at <= now() - interval '30 days'
     AND (taken_at IS NULL OR taken_at < now() - interval '15 minutes');
  GET DIAGNOSTICS _n = ROW_COUNT;
  RETURN _n;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.expire_mails() IS
  'Gives up mails that have not left in 30 days, and returns how many; what is sent or given up is kept for 30 days more.';

CREATE OR REPLACE FUNCTION {{repair}}.unsent_mails(
  OUT late integer, OUT since text, OUT error text, OUT expired integer, OUT expired_error text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT count(*) FILTER (WHERE open)::integer,
         to_char(min(queued_at) FILTER (WHERE open), 'YYYY-MM-DD HH24:MI'),
         (array_agg(q.error ORDER BY tries > 0 DESC, id DESC) FILTER (WHERE open AND q.error IS NOT NULL))[1],
         count(*) FILTER (WHERE expired_at IS NOT NULL)::integer,
         (array_agg(q.error ORDER BY id DESC) FILTER (WHERE expired_at IS NOT NULL AND q.error IS NOT NULL))[1]
    FROM (SELECT *, sent_at IS NULL AND expired_at IS NULL
                    -- The next hourly run sends what nobody has tried yet.
                    AND (m.error IS NOT NULL OR queued_at < now() - interval '2 hours') AS open
            FROM {{monitoring}}.mail_queue AS m WHERE sent_at IS NULL) AS q;
$fix$;
COMMENT ON FUNCTION {{repair}}.unsent_mails() IS
  'Mails that have failed to leave, or that nobody has sent within two hours, since when and why; and those given up within 30 days.';
