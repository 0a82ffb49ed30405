"""A pair of receivers that a module's tests share: the one that is judged, and storescp."""

from collections.abc import Iterator

import pytest

from tests.support.reference import Receiver, storescp
from tests.support.subject import MODES, receiver
from tests.support.tools import need


@pytest.fixture(scope="module", params=MODES)
def mode(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def reference(mode, tmp_path_factory) -> Iterator[Receiver]:
    need("storescp")
    with storescp(tmp_path_factory.mktemp("pair") / "reference", *MODES[mode]) as running:
        yield running


@pytest.fixture(scope="module")
def subject(mode, tmp_path_factory) -> Iterator:
    with receiver(tmp_path_factory.mktemp("pair") / "subject", mode) as running:
        yield running
