-- Each row is a statement of its own, run outside a transaction: the covering indexes, where the login may make them.
SELECT statement FROM {{repair}}.index_statements() WHERE may;
