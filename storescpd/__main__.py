"""``python -m storescpd`` is the storescpd command."""

import sys

from storescpd.cli.storescpd import main

sys.exit(main())
