"""What ``--check-config`` says of the rules of TCP wrappers."""

from collections.abc import Iterator

from storescpd.access.wrappers import defects
from storescpd.config import Config
from storescpd.config.problems import Finding
from storescpd.worker.gate import rules_of, text_of


def access_findings(config: Config) -> Iterator[Finding]:
    """Rules that deny because they are not understood; the daemon serves those that others let in."""
    access = config.access
    if not access.tcp_wrappers:
        return
    for key, path in (("hosts_allow", access.hosts_allow), ("hosts_deny", access.hosts_deny)):
        try:
            text = rules_of(path)
        except OSError:
            # Has been told of.
            continue
        except ValueError as error:
            yield Finding(("access", key), str(error), "correct the path: everybody is denied")
            continue
        for wrong in defects(text, access.daemon_name, text_of):
            yield Finding(("access", key), f"{path}: {wrong}", "correct the rule: it denies", note=True)
