"""What sections must agree on. Every rule takes a whole configuration and yields what it finds."""

from collections.abc import Iterator

from storescpd.config.peers import SECTIONS
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.rules import encoding, names, negotiation, peers, ports, profiles, sizes, studies, tls, waits

MERGEABLE = (
    *encoding.RULES,
    *sizes.RULES,
    *names.RULES,
    *studies.MERGEABLE,
    *negotiation.RULES,
    *waits.MERGEABLE,
)
"""About sections that a peer can override: these hold for each merged configuration too."""

GLOBAL = (*studies.GLOBAL, *ports.RULES, *tls.RULES, *peers.RULES, *profiles.RULES, *waits.GLOBAL)


def broken_rules(config: Config) -> Iterator[Finding]:
    """All findings, those of the peers' merged configurations included."""
    for rule in (*MERGEABLE, *GLOBAL):
        yield from rule(config)
    general = {(finding.key, finding.message) for rule in MERGEABLE for finding in rule(config)}
    for index in range(len(config.peers)):
        merged = config.for_peer(index)
        for rule in MERGEABLE:
            for finding in rule(merged):
                if (finding.key, finding.message) not in general:
                    yield _of_peer(config, index, finding)


def _of_peer(config: Config, index: int, finding: Finding) -> Finding:
    """The same finding about the peer's table: at its own key where it has one, else at the table."""
    table: KeyPath = ("peers", index)
    paths = (finding.key, *finding.concerns)
    own = [path for path in paths if _sets(config, index, path)]
    key = (*table, *own[0]) if own else table
    message = finding.message if own[:1] == [finding.key] else f"{'.'.join(map(str, finding.key))}: {finding.message}"
    concerns = (*paths, *((*table, *path) for path in paths))
    return Finding(key, message, finding.remedy, concerns, note=finding.note)


def _sets(config: Config, index: int, path: KeyPath) -> bool:
    if len(path) < 2 or path[0] not in SECTIONS:
        return False
    return path[1] in getattr(config.peers[index], str(path[0])).model_fields_set
