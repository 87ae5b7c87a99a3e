"""Runs the command line with `python -m mockserver`."""

import sys

from mockserver.cli.main import main

sys.exit(main())
