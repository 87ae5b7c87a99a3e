"""`python -m mockserver` is the command line."""

import sys

from mockserver.cli import main

sys.exit(main())
