/**
 * Versions that Client-API-VN 2.12.0 runs with, on Python 3.11 (Debian 12) and 3.13 (Debian 13) alike.
 * The client imports pkg_resources, which setuptools 82 no longer has and 81 warns of; a venv of
 * Python ≥ 3.12 has no setuptools of its own, so it is named here and installed with the client.
 * SQLAlchemy 1.4.54 has no wheel for 3.13: pip builds it from source, which needs no compiler.
 */
export const CONSTRAINTS = `\
alembic==1.19.2
APScheduler==3.9.1.post1
attrs==26.1.0
beautifulsoup4==4.15.0
certifi==2026.10.18
charset-normalizer==3.5.2
click==8.5.1
docutils==0.23
greenlet==3.5.6
idna==3.20
Jinja2==3.1.6
jsonschema==4.26.0
jsonschema-specifications==2025.9.1
Mako==1.4.3
MarkupSafe==3.0.4
numpy==2.4.6
oauthlib==4.0.1
packaging==26.3
psutil==7.2.2
psycopg2-binary==2.9.13
pyproj==3.7.2
python-dateutil==4.0.0
pytz==2026.6
referencing==0.37.0
requests==2.34.2
requests-oauthlib==2.0.0
rpds-py==2026.9.1
setuptools==80.10.2
setuptools-scm==10.3.4
six==1.17.0
soupsieve==2.10
SQLAlchemy==1.4.54
strictyaml==1.7.3
tabulate==0.10.0
towncrier==26.9.0
typing_extensions==4.16.0
tzdata==2026.6
tzlocal==5.4.5
urllib3==2.8.0
vcs-versioning==2.6.0
wheel==0.48.0
xmltodict==1.0.4
yappi==1.7.6
`;
