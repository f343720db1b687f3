"""``python -m babelscope`` is the command ``babelscope``."""

import sys

from babelscope.commands import main

if __name__ == "__main__":
    sys.exit(main())
