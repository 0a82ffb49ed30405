import pytest

from storescpd.dataset import Dictionary


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    return Dictionary.builtin()
