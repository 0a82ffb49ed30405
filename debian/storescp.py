"""The storescp command, without the search for what is installed: it takes as long as all else before it listens."""

import sys

sys.path.append("/usr/lib/storescpd/lib/python{}.{}/site-packages".format(*sys.version_info))

from storescpd.cli.storescp.command import main

sys.exit(main())
