-- What main's owner still has to run.
SELECT handover AS statement FROM {{repair}}.handover();
