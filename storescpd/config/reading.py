"""From a file to a configuration, or to everything that is wrong with it at once."""

from pathlib import Path

from storescpd.config.document import Document, document, read
from storescpd.config.problems import ConfigError
from storescpd.config.root import Config
from storescpd.config.shape import shape


def load(path: Path) -> Config:
    """The configuration in a file; raises ConfigError with all its problems."""
    return examined(read(path))


def parse(text: str, name: str) -> Config:
    """The configuration in a text; ``name`` is shown in messages. Raises ConfigError with all its problems."""
    return examined(document(text, name))


def examined(source: Document) -> Config:
    """The configuration in a document; raises ConfigError with all its problems."""
    found = shape(source.tables)
    findings = [*found.findings]
    if findings:
        problems = {source.problem(finding) for finding in findings}
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0, problem.key)))
    return found.config
