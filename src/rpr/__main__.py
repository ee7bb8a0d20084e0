"""``python -m rpr``: the command line where the script `rpr` is not on the search path."""

import sys

from rpr.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
