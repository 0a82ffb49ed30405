"""For all tests: ``storescp`` is DCMTK's, also where this environment's own command would be found first."""

import os

from tests.support.tools import path_of_others

os.environ["PATH"] = path_of_others()
