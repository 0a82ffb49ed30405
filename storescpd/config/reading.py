"""From a file to a configuration, or to everything that is wrong with it at once."""

from collections.abc import Iterable
from pathlib import Path

from storescpd.config.document import Document, document, read
from storescpd.config.environment import Environment
from storescpd.config.problems import ConfigError, Finding, Problem, stands
from storescpd.config.root import Config
from storescpd.config.rules import broken_rules
from storescpd.config.rules.environment import unsuitable
from storescpd.config.shape import Shape, shape
from storescpd.config.unavailable import NOT_YET, unavailable

ANYWHERE = Environment()


def load(path: Path, environment: Environment = ANYWHERE, not_yet: tuple[str, ...] = NOT_YET) -> Config:
    """The configuration in a file, for a daemon started this way; raises ConfigError with all its problems."""
    return examined(read(path), environment, not_yet)


def parse(text: str, name: str, environment: Environment = ANYWHERE, not_yet: tuple[str, ...] = NOT_YET) -> Config:
    """The configuration in a text; ``name`` is shown in messages. Raises ConfigError with all its problems."""
    return examined(document(text, name), environment, not_yet)


def examined(source: Document, environment: Environment = ANYWHERE, not_yet: tuple[str, ...] = NOT_YET) -> Config:
    """The configuration in a document; raises ConfigError with all its problems."""
    found = assessed(source, environment, not_yet)
    if source.slips or not all(finding.note for finding in found.findings):
        raise ConfigError(located(source, found.findings))
    return found.config


def assessed(source: Document, environment: Environment, not_yet: tuple[str, ...]) -> Shape:
    """What could be read, and all findings: those of single keys, of sections together, of the way of starting."""
    found = shape(source.tables)
    broken = (*source.lost, *found.broken)
    rules = (*broken_rules(found.config), *unsuitable(found.config, environment), *unavailable(found.config, not_yet))
    standing = (finding for finding in rules if stands(finding, broken))
    return found._replace(findings=(*found.findings, *standing), broken=broken)


def located(source: Document, findings: Iterable[Finding]) -> list[Problem]:
    """Slips, and findings with their places, each once, in the file's order."""
    problems = dict.fromkeys((*source.slips, *map(source.problem, findings)))
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
