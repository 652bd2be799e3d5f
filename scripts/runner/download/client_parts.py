"""Observations part by part: a taxo group in a territorial unit, or the changes of a group. Each stands by itself."""
import logging

from client_answers import Limited, cause_of, changes_in, database_error, hidden
from client_rows import INT4

# So many groups in a row that failed otherwise than by a refusal, or parts to which the account's password was refused:
# the portal is left alone.
GIVE_UP_AFTER = 3


class PartsLeft(Exception):
    """Some parts have not come; each has been told."""


def refused(cause):
    """Whether the portal has answered well and says no: for this part alone."""
    return cause["kind"] == "rows" or (
        cause["kind"] == "http" and 400 <= cause["status"] < 500 and cause["status"] not in (401, 408, 425, 429))


class Walk:
    """Asks for one part after another. Ends early only where the next would fail as well."""

    def __init__(self, ledger, answers, tell):
        self.ledger, self.answers, self.tell = ledger, answers, tell
        self.asked = self.failed = 0
        self.away = set()

    def part(self, group, unit, work):
        """Does a part's work. @returns whether it ended well"""
        where = {"taxoGroup": int(group), "unit": unit}
        self.tell({"asks": where})
        self.asked += 1
        self.ledger.begin(int(group), unit)
        self.answers.clear()
        try:
            work()
            self.ledger.end()
        except Exception as caught:
            error = hidden(caught)
            cause = cause_of(error, self.answers)
            if cause["kind"] == "database":
                raise error
            self.failed += 1
            self.tell({"ended": {**where, "cause": cause}})
            if self.answers.limited:
                raise Limited(f"HTTP {cause.get('status')}") from error
            if not refused(cause):
                self.away.add((group, unit if cause.get("status") == 401 else ""))
                if len(self.away) == GIVE_UP_AFTER:
                    raise error
            return False
        self.away = set()
        self.tell({"ended": {**where, "cause": None, "rows": self.ledger.left}})
        return True

    def ends(self):
        if self.failed:
            raise PartsLeft(f"{self.failed} of {self.asked} parts failed")


def in_order(parts, only, last):
    """Those that are asked for, each once: in the order of `only`, and those in `last` after all others."""
    chosen = [part for part in only if part in parts] if only is not None else list(parts)
    return [part for part in chosen if part not in last] + [part for part in last if part in chosen]


def groups_of(cfg):
    """The groups that the portal opens to the account, but for those that the configuration leaves out."""
    from biolovision.api import TaxoGroupsAPI

    listed = TaxoGroupsAPI(cfg).api_list()["data"]
    return [str(one["id"]) for one in listed if str(one.get("id")).isdigit() and one.get("access_mode") != "none"
            and one.get("name_constant") not in (cfg.taxo_exclude or [])]


class Opened:
    """The client's downloader of observations, on a connection of its own."""

    def __init__(self, transfer_vn, cfg):
        self.pg, self.files = transfer_vn.StorePostgresql(cfg), transfer_vn.StoreFile(cfg)
        self.backend = transfer_vn.StoreAll(cfg, db_backend=self.pg, file_backend=self.files)
        self.downloader = transfer_vn.CTRL_DEFS["observations"](cfg, self.backend)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.pg.__exit__(*what)


def full(transfer_vn, cfg, ledger, answers, tell, only, last):
    """Downloads by date, as the client's full_download_1 does, but that each group and unit stands by itself."""
    from biolovision.api import TerritorialUnitsAPI
    from export_vn.store_postgresql import ReadPostgresql

    walk = Walk(ledger, answers, tell)
    with Opened(transfer_vn, cfg) as at:
        groups = groups_of(cfg)
        units = [row[0] for row in ReadPostgresql(cfg).read("territorial_units")]
        units = units or TerritorialUnitsAPI(cfg).api_list()["data"]
        wanted = cfg.territorial_unit_ids or []
        parts = {}
        for group in groups:
            for unit in units:
                country, short_name = unit.get("id_country"), unit.get("short_name")
                if country and short_name and (not wanted or short_name in wanted):
                    parts[f"{group}/{country}{short_name}"] = (group, unit)
        short = 1 if cfg.json_format == "short" else 0
        for key in in_order(parts, only, last):
            group, unit = parts[key]
            at.downloader._t_units = [[unit]]
            walk.part(group, key.partition("/")[2],
                      lambda: at.downloader._store_search(group, None, short_version=short))
    walk.ends()


def update(transfer_vn, cfg, ledger, answers, tell, only, last):
    """Brings changes, as the client's increment_download_1 does, group by group, each since its own date."""
    walk = Walk(ledger, answers, tell)
    with Opened(transfer_vn, cfg) as at:
        api = at.downloader._api_instance
        groups = {f"{group}/": group for group in groups_of(cfg)}
        tell({"walks": [int(group) for group in groups.values()]})
        diff, gone = api.api_diff, []

        def changes(group, *args, **kwargs):
            gone.clear()
            answers.clear(keep=True)
            diff(group, *args, **kwargs)
            found, items = [], changes_in(answers)
            answers.clear()
            for item in items:
                row_id = str(item["id_sighting"])[:60] if isinstance(item, dict) and item.get("id_sighting") else None
                kind = item.get("modification_type") if row_id and row_id.isdigit() else None
                if kind not in ("updated", "deleted"):
                    ledger.not_stored(at.pg._conn, "observations_json", row_id, None, item, ValueError())
                elif kind == "updated" or int(row_id) < INT4:  # nothing is stored under a larger one
                    found.append({**item, "id_sighting": row_id})
                    gone.extend([int(row_id)] if kind == "deleted" else [])
            return found

        def bring(group):
            at.downloader.update(id_taxo_group=group)
            if gone:  # of a row that came and went between two updates, check's own deletion says nothing
                ledger.call(at.pg._conn, "deletions_told", cfg.site, list(gone))

        api.api_diff = changes
        for key in in_order(groups, only, last):
            group = groups[key]
            if at.backend.increment_get(cfg.site, group) is None:
                continue
            if walk.part(group, "", lambda: bring(group)):
                again(at, ledger, cfg, group)
                held(at, ledger, cfg, group)
        for (table, row_id), (group, _) in list(ledger.load(at.pg._conn).items()):
            if group is not None and f"{group}/" not in groups:
                ledger.stored(at.pg._conn, table, row_id)  # of a group that the portal no longer lists
    walk.ends()


def again(at, ledger, cfg, group):
    """Asks again for what earlier jobs could not store of a group."""
    known = ledger.load(at.pg._conn)
    rows = {key: row[1] for key, row in known.items() if row[0] == int(group) and key not in ledger.told}
    for key in [key for key, ask_for in rows.items() if ask_for is None]:
        # It was told with a list of changes; the group's date stands before it, and the list says it no more.
        ledger.stored(at.pg._conn, *key)
    ids = {ask_for for ask_for in rows.values() if ask_for is not None}
    for some in ask(at, cfg, group, ids):
        for key, ask_for in rows.items():
            if ask_for in some and not ledger.nameless:
                ledger.stored(at.pg._conn, *key)  # neither stored nor refused now: the portal has it no more


def held(at, ledger, cfg, group):
    """Asks for what the repair holds back until a download brings it: it may be older than any window."""
    if ledger.held is None:
        ledger.held = ledger.asked(at.pg._conn, "to_ask_for", cfg.site)
    for _ in ask(at, cfg, group, {str(row_id) for row_id, of_group in ledger.held if of_group == group}):
        pass


def ask(at, cfg, group, ids):
    """Brings observations by their ids, some at a time. @yields those for which the portal has answered"""
    ids = sorted(ids)
    for start in range(0, len(ids), cfg.tuning_max_list_length):
        some = ids[start:start + cfg.tuning_max_list_length]
        try:
            items = at.downloader._api_instance.api_list(group, id_sightings_list=",".join(some), short_version="1")
            at.backend.store("observations", f"{group}_again", items)
        except Exception as error:
            if database_error(error) is not None:
                raise
            logging.getLogger("transfer_vn").warning("vn-check: not asked again: %s", type(hidden(error)).__name__)
            continue
        yield some
