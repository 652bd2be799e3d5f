"""What the portal answered, and why a part of a download failed, in a few words without contents."""
import json
import logging
import re
import time
from email.utils import parsedate_to_datetime

# A portal that limits how much is asked for: how long one answer is waited for, and all of a request's together. Without
# a Retry-After the pauses double from the first on.
LONGEST_WAIT, LONGEST_SUM, FIRST_PAUSE = 900, 3600, 2


class Unreadable(Exception):
    """The portal answered with something else than was asked for. Its argument: what it was."""


class Limited(Exception):
    """The portal asks to be left alone for longer than a job waits."""


class Answers:
    """The last answer of the portal, for the reason of a failure; all of a request's pages where they are kept."""

    def __init__(self):
        self.responses, self.keep, self.limited = [], False, False

    def clear(self, keep=False):
        self.responses, self.keep = [], keep

    def add(self, response):
        self.responses = [*(self.responses if self.keep else []), response]

    def texts(self):
        return [response.text if response.status_code < 300 else "" for response in self.responses]

    def kind(self):
        """What the last one was; "an object" where there was none."""
        return body_kind(self.texts()[-1]) if self.responses else "an object"


def asked_to_wait(response):
    """Seconds that an answer asks to wait (Retry-After: seconds or a date), or None."""
    text = (response.headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return int(text)
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() - time.time()))
    except (TypeError, ValueError):
        return None


def patient(request, log, answers):
    """requests' own request function, but for 429, and 503 with a Retry-After: waits as asked, then asks again."""
    def ask(*args, **kwargs):
        waited, pause = 0, FIRST_PAUSE
        while True:
            response = request(*args, **kwargs)
            status, asked = response.status_code, asked_to_wait(response)
            if status != 429 and not (status == 503 and asked is not None):
                answers.add(response)
                return response
            answers.limited = True
            seconds = max(1, pause if asked is None else asked)
            if seconds > LONGEST_WAIT:
                log.error("vn-check: the portal answers %d: asks for %d s", status, seconds)
                return response
            if waited + seconds > LONGEST_SUM:
                log.error("vn-check: the portal answers %d: waited %d s", status, waited)
                return response
            answers.limited = False
            log.warning("vn-check: the portal answers %d: waiting %d s", status, seconds)
            for left in range(seconds, 0, -30):
                time.sleep(min(left, 30))
                logging.getLogger("transfer_vn.biolovision_api").debug("waiting")  # a sign of life, see Alive
            waited, pause = waited + seconds, min(pause * 2, LONGEST_WAIT)
    return ask


def read(text):
    """The JSON of an answer, as the client finds it: portals put warnings around. Raises ValueError."""
    try:
        return json.loads(text)
    except ValueError:
        found = re.findall(r"([\[{].*[}\]])", text)
        return json.loads(found[0] if found else text)


def body_kind(text):
    """What an answer with 200 is."""
    if not text.strip():
        return "empty"
    if re.search(r"<(!doctype|html|body)\b", text[:2000], re.IGNORECASE):
        return "HTML"
    try:
        value = read(text)
    except ValueError:
        return "broken JSON"
    if isinstance(value, list):
        return "a list"
    if value is None or value == {}:
        return json.dumps(value)
    return "an object" if isinstance(value, dict) else "a value"


def changes_in(answers):
    """All that a list of changes says. Raises Unreadable where an answer was none."""
    items = []
    for text in answers.texts():
        kind = body_kind(text)
        if kind != "a list":
            raise Unreadable(kind)
        items += read(text)
    return items


def hidden(error):
    """What the client's own handler fails over, and hides."""
    if isinstance(error, AttributeError) and "HTTPError" in str(error) and error.__context__:
        return error.__context__
    return error


def database_error(error):
    """psycopg2's error behind one of SQLAlchemy's, or None."""
    import psycopg2

    orig = getattr(error, "orig", None) or error
    return orig if isinstance(orig, psycopg2.Error) else None


def first_line(error):
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def cause_of(error, answers):
    """Why a part failed: a kind, and what belongs to it."""
    import requests

    of_database = database_error(error)
    if of_database is not None:
        return {"kind": "database", "sqlstate": of_database.pgcode, "said": first_line(of_database)}
    if type(error).__name__ == "HTTPError" and error.args:
        return {"kind": "http", "status": int(error.args[0])}
    kind = answers.kind()
    if isinstance(error, Unreadable):
        return {"kind": "body", "body": error.args[0] if kind in ("an object", "a list") else kind}
    if isinstance(error, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)):
        return {"kind": "network", "said": type(error).__name__}
    if getattr(error, "rows", False):
        return {"kind": "rows", "said": str(error)}
    if kind not in ("an object", "a list"):
        return {"kind": "body", "body": kind}
    return {"kind": "other", "said": first_line(error)}
