"""[testing]: misbehaviour on purpose, to try out a sender."""

from storescpd.config.quantities import Duration
from storescpd.config.section import Section, setting


class Testing(Section):
    """To try out a sender. Refused under systemd and with --daemon unless allow_in_service."""

    refuse: bool = setting(default=False, text="reject every association", option="--refuse")
    ignore: bool = setting(default=False, text="receive objects and store nothing", option="--ignore")
    sleep_after: Duration = setting(0.0, "pause after each object", unit="s", option="--sleep-after")
    sleep_during: Duration = setting(0.0, "pause at each PDV of an object", unit="s", option="--sleep-during")
    abort_after: bool = setting(default=False, text="abort after each object", option="--abort-after")
    abort_during: bool = setting(default=False, text="abort inside each object", option="--abort-during")
    allow_in_service: bool = setting(default=False, text="permit these under systemd and with --daemon")
