"""`python -m mockserver` is the command line."""

import sys

from mockserver.cli.main import main

sys.exit(main())
