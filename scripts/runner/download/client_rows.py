"""Rows that the database cannot take: each costs only itself, is named, and is remembered."""
import logging
from datetime import date

from client_answers import Unreadable, database_error

# Of one part: where more cannot be stored, it is no matter of single rows.
MOST = 100
# SQLSTATEs that are about what a row holds: data, a constraint, a limit of a value or an index.
OWN = ("22", "23", "54")
INT4 = 2**31


class RowsLeft(Exception):
    """The part is not whole: rows without an id, or too many. What it says is shown."""

    rows = True


def is_own(error):
    """Whether an error is the row's own, and another row may be stored."""
    of_database = database_error(error)
    if of_database is not None:
        import psycopg2

        if of_database.pgcode:
            return of_database.pgcode.startswith(OWN)
        return isinstance(of_database, psycopg2.ProgrammingError)  # a value that no column can be
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError))


def strings(value, depth=0):
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)) and depth < 200:
        for one in [*value.keys(), *value.values()] if isinstance(value, dict) else value:
            yield from strings(one, depth + 1)


def fault_of(row, error):
    """What is wrong with a row, in a word, and what belongs to it; nothing of its contents."""
    texts = list(strings(row))
    if any("\0" in text for text in texts):
        return "null character", ""
    if any("\ud800" <= c <= "\udfff" for text in texts for c in text):
        return "lone surrogate", ""
    if isinstance(error, KeyError):
        return "lacks", str(error.args[0])
    of_database = database_error(error)
    if of_database is None:
        return "malformed", type(getattr(error, "orig", None) or error).__name__
    if of_database.pgcode == "22003":
        return "out of range", ""
    return "refused", f"{of_database.pgcode or ''} {type(of_database).__name__}".strip()


def id_of(sighting):
    """The id of an observation as text, or None."""
    try:
        observer = sighting["observers"][0]
        found = observer.get("id_sighting") or str(observer["id_universal"]).rpartition("_")[2]
        return str(found)[:60].replace("\0", "?") if isinstance(found, (str, int)) and str(found) else None
    except (LookupError, TypeError, AttributeError):
        return None


class Ledger:
    """Keeps what could not be stored, in the database and for the runner."""

    def __init__(self, site, repair, tell):
        self.site, self.repair, self.tell = site, repair, tell
        self.known, self.held, self.touched, self.forms = None, None, set(), {}
        self.begin()

    def begin(self, group=None, unit=""):
        """Another part, or controller, begins."""
        self.group, self.unit, self.left, self.nameless, self.hole, self.told = group, unit, 0, None, False, set()

    def end(self):
        """Raises where rows lack that nobody could ask for again by themselves."""
        if self.nameless:
            raise RowsLeft(self.nameless)

    def call(self, conn, function, *args):
        from sqlalchemy import text

        names = ", ".join(f":a{i}" for i in range(len(args)))
        statement = text(f"select {self.repair}.{function}({names})").execution_options(autocommit=True)
        conn.execute(statement, {f"a{i}": arg for i, arg in enumerate(args)})

    def asked(self, conn, function, arg):
        """The rows of a function of the repair's."""
        from sqlalchemy import text

        return [tuple(row) for row in conn.execute(text(f"select * from {self.repair}.{function}(:a)"), {"a": arg})]

    def load(self, conn):
        """What earlier jobs could not store: (table, id) → (group, what it comes with)."""
        from sqlalchemy import text

        if self.known is None:
            rows = conn.execute(text(f"select table_name, id, taxo_group, ask_for from {self.repair}.not_stored"
                                     " where site = :site"), {"site": self.site})
            self.known = {(row[0], row[1]): (row[2], row[3]) for row in rows}
        return self.known

    def not_stored(self, conn, table, row_id, ask_for, row, error):
        """Notes a row; raises where the error is not the row's own."""
        if not is_own(error):
            raise error
        fault, detail = fault_of(row, error)
        self.left += 1
        if self.left > MOST:
            raise RowsLeft(f"more than {MOST} rows: {fault} {detail}") from error
        where = {"site": self.site, "table": table, "taxoGroup": self.group, "unit": self.unit}
        self.tell({"row": {**where, "id": row_id, "fault": fault, "detail": detail}})
        if row_id is None:
            self.nameless, self.hole = f"{table}: {fault} {detail}".strip(), True
            return
        self.load(conn)[(table, row_id)] = (self.group, ask_for)
        self.told.add((table, row_id))
        self.call(conn, "row_not_stored", self.site, table, row_id, self.group, self.unit, ask_for, fault, detail)

    def stored(self, conn, table, row_id):
        """A row has been stored, or the portal has it no more."""
        if (table, row_id) in self.load(conn) and (table, row_id) not in self.told:
            del self.known[(table, row_id)]
            self.call(conn, "row_stored", self.site, table, row_id)

    def lists_ended(self, conn):
        """A controller has stored all that the portal lists: what it could not store before is stored, or gone."""
        for table, row_id in [key for key in self.load(conn) if key[0] in self.touched]:
            self.stored(conn, table, row_id)
        self.touched = set()


def guard(store, ledger):
    """Makes the client store row by row what it cannot store together. `store`: its module store_postgresql."""
    Store = store.StorePostgresql
    plain_one, plain_form, plain_all = store.store_1_observation, Store._store_form, Store._store_observation
    plain_log, plain_exit = Store.log, Store.__exit__

    def one(item):
        row_id = id_of(item.elem)
        try:
            plain_one(item)
        except Exception as error:
            ask_for = row_id if row_id and row_id.isdigit() else None
            ledger.not_stored(item.conn, "observations_json", row_id, ask_for, item.elem, error)
        else:
            ledger.stored(item.conn, "observations_json", row_id)

    def form(self, items, transformer):
        row_id = str(items.get("@id"))[:60].replace("\0", "?")
        try:
            plain_form(self, items, transformer)
        except Exception as error:
            ledger.not_stored(self._conn, "forms_json", row_id, ledger.forms.get(row_id), items, error)
        else:
            ledger.stored(self._conn, "forms_json", row_id)
        return len(items)

    def dated(sighting):
        try:
            date.fromtimestamp(int(sighting["date"]["@timestamp"]))
            return "@uid" in sighting["observers"][0]
        except (LookupError, TypeError, ValueError, OverflowError, OSError):
            return False

    def whole(self, controler, items):
        data, forms = items.get("data") if isinstance(items, dict) else None, []
        if not isinstance(data, dict) or not ("sightings" in data or "forms" in data):
            raise Unreadable("no observations")
        ledger.forms = {}
        for one_form in data.get("forms", []):
            sightings = one_form.get("sightings") if isinstance(one_form, dict) else None
            if isinstance(sightings, list) and "@id" in one_form:
                good = [sighting for sighting in sightings if dated(sighting)]
                ledger.forms[str(one_form["@id"])] = next((id_of(sighting) for sighting in good), None)
                # What the form's dates cannot be made from is stored all the same, if it can be.
                for sighting in sightings:
                    if not dated(sighting):
                        one(store.ObservationItem(
                            self._config.site, self._table_defs[controler]["metadata"], self._conn,
                            self._transformer.transform, sighting, one_form.get("id_form_universal")))
                one_form = {**{k: v for k, v in one_form.items() if k != "sightings"}, **({"sightings": good} if good else {})}
            forms.append(one_form)
        return plain_all(self, controler, {"data": {"sightings": [], **data, **({"forms": forms} if "forms" in data else {})}})

    def each(plain):
        def store_each(self, controler, items):
            table = self._table_defs[controler]["metadata"].name
            ledger.touched.add(table)
            try:
                return plain(self, controler, items)
            except Exception as error:
                if not is_own(error) or not isinstance(items["data"], list):
                    raise
            log = logging.getLogger("transfer_vn.store_postgresql")
            level = log.level
            log.setLevel(logging.WARNING)  # else a line for each
            try:
                for elem in items["data"]:
                    try:
                        plain(self, controler, {"data": [elem]})
                    except Exception as error:
                        row_id = elem.get("id") if isinstance(elem, dict) else None
                        ledger.not_stored(self._conn, table, None if row_id is None else str(row_id)[:60].replace("\0", "?"),
                                          None, elem, error)
            finally:
                log.setLevel(level)
            return len(items["data"])
        return store_each

    def logged(self, site, controler, *args, **kwargs):
        # The row that proves a piece: not of one with rows that nobody could ask for again.
        if not (controler == "observations" and ledger.hole):
            plain_log(self, site, controler, *args, **kwargs)
        ledger.hole = False

    def closed(self, exc_type, exc_value, trace):
        if exc_type is None and ledger.touched:
            ledger.lists_ended(self._conn)
        return plain_exit(self, exc_type, exc_value, trace)

    store.store_1_observation, Store._store_form, Store._store_observation = one, form, whole
    Store.log, Store.__exit__ = logged, closed
    for name in ("_store_simple", "_store_geometry", "_store_fields", "_store_observers"):
        setattr(Store, name, each(getattr(Store, name)))
