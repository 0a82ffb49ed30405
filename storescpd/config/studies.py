"""[studies]: when a study is complete, and what happens then. Needs naming.sort."""

from typing import Literal

from storescpd.config.addresses import Ledger
from storescpd.config.quantities import Duration
from storescpd.config.section import Section, setting


class Studies(Section):
    """When a study is complete. Needs naming.sort."""

    end_of_study_timeout: Duration = setting(
        60.0,
        'a study ends when nothing came for it this long; 0: no timer, only with scope = "daemon"',
        unit="s",
        option="-tos",
    )
    scope: Literal["none", "association", "peer", "daemon"] = setting(
        "none", "also ends it: an object of another study in the same association, from the same peer, or from anyone"
    )
    keep: Duration = setting(30 * 86400.0, "ended studies stay in the ledger this long", unit="s", shown='"30 days"')
    rename: bool = setting(
        default=False, text="rename the files of an ended study to MODALITY.000001 and so on", option="-rns"
    )
    ledger: Ledger = setting(
        "",
        'SQLite file on a local disk, or "postgresql://..."; empty: in $STATE_DIRECTORY, else <directory>/.storescpd',
        private=True,
    )
    when_ledger_away: Literal["refuse"] = setting(
        "refuse",
        "while the ledger cannot be written, a full disk perhaps: objects that need it are answered A700 at once",
    )
