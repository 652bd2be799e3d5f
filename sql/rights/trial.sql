-- What lacks, or what main's triggers do otherwise, as rows of the preflight.
SELECT problem, remedy FROM {{repair}}.preflight();
