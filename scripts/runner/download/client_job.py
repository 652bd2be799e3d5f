"""One download job of Client-API-VN in one process: a site, its controllers, `full` or `update`.

It calls the functions that transfer_vn's own scheduled jobs call, without the scheduler: a real exit
code, no jobs.sqlite, no fork, no children. Those functions are internal to the client, hence the exact
version. Exit: 0 all done, 1 a controller failed, 2 usage or configuration, 3 another client version.

What becomes of each part and of rows that cannot be stored is said in lines of JSON behind "@vn-check".
"""
import argparse
import json
import logging
import os
import re
import sys
import traceback
from urllib.parse import quote, quote_plus

sys.dont_write_bytecode = True
import client_answers  # noqa: E402
import client_parts  # noqa: E402
import client_rows  # noqa: E402

VERSION = "2.12.0"


def say(english, french):
    """What people read, in the stack's language."""
    print(french if os.environ.get("VN_CHECK_LOCALE") == "fr" else english)


def scrubber(conf):
    """A function that takes the secrets of the configuration out of a text."""
    secrets = set()
    for site in conf.site_list.values() if conf else ():
        secrets |= {site.user_pw, site.client_secret, site.client_key, site.db_pw, site.db_secret_key}
    forms = {f for s in secrets if s and len(s) > 3 for f in (s, quote(s, safe=""), quote_plus(s), repr(s)[1:-1])}
    known = [re.escape(s) for s in sorted(forms, key=len, reverse=True)]
    pattern = re.compile("|".join([r"(?<=user_pw=)[^&\s'\")]*", r"(?<=user_email=)[^&\s'\")]*", *known]))
    return lambda text: pattern.sub("***", text)


class Scrubbed(logging.Formatter):
    """Log lines without secrets."""

    scrub = staticmethod(scrubber(None))

    def format(self, record):
        return self.scrub(super().format(record))


class Alive(logging.Filter):
    """Of the API calls' debug records only a sign of life every 30 s: paging says nothing otherwise."""

    last = 0.0

    def filter(self, record):
        if record.levelno > logging.DEBUG:
            return True
        if record.created - self.last < 30:
            return False
        self.last = record.created
        record.msg, record.args = "vn-check: alive", ()
        return True


def scrubbed(value):
    """A JSON value without secrets."""
    if isinstance(value, dict):
        return {key: scrubbed(one) for key, one in value.items()}
    return Scrubbed.scrub(value) if isinstance(value, str) else value


def tell(said):
    """A line for the runner."""
    print("@vn-check " + json.dumps(scrubbed(said)))


def settle(connection, _record):
    """Each session of the client means and outlasts what the runner's do, whatever database and role have set."""
    cursor = connection.cursor()
    cursor.execute(os.environ["VN_CHECK_SESSION"])
    cursor.close()
    connection.commit()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look whether the client fits")
    parser.add_argument("--config", default="evn.yaml", help="relative to HOME")
    parser.add_argument("--site")
    parser.add_argument("--mode", choices=["full", "update"], default="full")
    parser.add_argument("--controllers", default="observations", help="names, comma between them")
    parser.add_argument("--parts", help="observations of these only, in this order: group/unit, comma between them")
    parser.add_argument("--last", default="", help="those to ask for after all others")
    args = parser.parse_args()
    parent = os.environ.get("VN_CHECK_PARENT")
    if parent and int(parent) != os.getppid():
        return 1  # the runner died before its death could be told to us

    log = logging.getLogger("transfer_vn")
    log.addHandler(logging.NullHandler())  # nothing of the configuration's text is shown while it is read
    log.propagate = False
    try:
        from export_vn import __version__, transfer_vn
        from export_vn.evnconf import EvnConf

        full, update = transfer_vn.full_download_1, transfer_vn.increment_download_1
    except Exception as error:  # whatever a broken installation raises
        say(f"Client-API-VN does not start: {type(error).__name__}: {error}",
            f"Client-API-VN ne démarre pas : {type(error).__name__} : {error}")
        return 3
    if __version__ != VERSION:
        say(f"Client-API-VN {__version__} is installed, this job knows {VERSION} only",
            f"Client-API-VN {__version__} est installé, cette tâche ne connaît que {VERSION}")
        return 3
    if args.check:
        print(f"Client-API-VN {__version__}")
        return 0

    try:
        conf = EvnConf(args.config)
        site = conf.site_list[args.site]
        names = args.controllers.split(",")
        off = [n for n in names if not conf.ctrl_list[n].enabled]
        if off or not site.enabled or not site.db_enabled:
            raise ValueError(f"{off or args.site}: enabled: false")
    except Exception as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        text = str(error) if isinstance(error, (KeyError, ValueError)) and not mark else ""
        say(f"configuration {args.config} refused: {type(error).__name__} {text}" + (f" at line {mark.line + 1}" if mark else ""),
            f"configuration {args.config} refusée : {type(error).__name__} {text}" + (f" à la ligne {mark.line + 1}" if mark else ""))
        return 2

    Scrubbed.scrub = staticmethod(scrubber(conf))
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Scrubbed("%(asctime)s - %(levelname)s - %(name)s - %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    calls = logging.getLogger("transfer_vn.biolovision_api")
    calls.setLevel(logging.DEBUG)
    calls.addFilter(Alive())
    from requests.sessions import Session
    from export_vn import store_postgresql
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    answers = client_answers.Answers()
    Session.request = client_answers.patient(Session.request, log, answers)
    # Where no repair is installed, the client does as it does by itself.
    ledger = client_rows.Ledger(args.site, os.environ.get("VN_CHECK_REPAIR"), tell)
    if ledger.repair:
        client_rows.guard(store_postgresql, ledger)
    by_part = client_parts.full if args.mode == "full" else client_parts.update
    only = args.parts.split(",") if args.parts is not None else None
    if os.environ.get("VN_CHECK_SESSION"):
        event.listen(Engine, "connect", settle)
    failed = False
    for name in names:
        try:
            ledger.begin()
            answers.clear()
            if name == "observations" and ledger.repair:
                by_part(transfer_vn, site, ledger, answers, tell, only, args.last.split(","))
            else:
                (full if args.mode == "full" else update)(transfer_vn.CTRL_DEFS[name], conf.ctrl_list, site)
            ledger.end()
            tell({"list": name, "cause": None})
            log.info("vn-check: %s %s %s: done", args.mode, args.site, name)
        except Exception as error:
            failed = True
            error = client_answers.hidden(error)
            by_parts = isinstance(error, client_parts.PartsLeft)  # each of them has been told
            tell({"list": name, "cause": None if by_parts else client_answers.cause_of(error, answers)})
            at = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}"
                            for f in reversed(traceback.extract_tb(error.__traceback__)[-4:]))
            log.error("vn-check: %s %s %s: failed: %s: %s (%s)", args.mode, args.site, name,
                      type(error).__name__, str(error).splitlines()[0] if str(error) else "", at)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
