import pytest

from storescpd.config import ConfigError, Environment, parse


@pytest.fixture
def problems():
    """The problems of a text, all keys being available."""

    def find(text, environment=None, not_yet=()):
        try:
            parse(text, "test.toml", environment or Environment(), not_yet)
        except ConfigError as error:
            return list(error.problems)
        return []

    return find
