import sys

from storescpd.cli.storescp.command import main

sys.exit(main())
