"""For all tests: ``storescp`` is DCMTK's, also where this environment's own command would be found first."""

import os
import sys

_OWN = os.path.dirname(os.path.abspath(sys.executable))
os.environ["PATH"] = os.pathsep.join(
    folder for folder in os.environ["PATH"].split(os.pathsep) if os.path.abspath(folder) != _OWN
)
