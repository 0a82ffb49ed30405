"""What tests of the daemon in the background share."""

import pytest

from tests.system.background import Background, folder_for_all


@pytest.fixture
def background():
    with folder_for_all() as folder:
        made = Background(folder)
        try:
            yield made
        finally:
            made.clean_up()
