"""A pair of receivers that a module's tests share: the one that is judged, and storescp."""

from collections.abc import Iterator

import pytest

from tests.support.reference import Receiver, storescp
from tests.support.subject import bit_preserving
from tests.support.tools import need


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Iterator[Receiver]:
    need("storescp")
    with storescp(tmp_path_factory.mktemp("pair") / "reference", "+B", "+xa") as receiver:
        yield receiver


@pytest.fixture(scope="module")
def subject(tmp_path_factory) -> Iterator:
    with bit_preserving(tmp_path_factory.mktemp("pair") / "subject") as receiver:
        yield receiver
