"""Makes models; nothing here is imported by the service.

`python -m training.SCRIPT` without the packages of training ends with the way to get them. Python
names the program "-m" while it still looks for the script: an `import` gets the usual ImportError.
"""

import sys
from importlib.util import find_spec

if sys.argv[0] == "-m" and not all(map(find_spec, ("torch", "lightning", "sklearn"))):
    print(
        f"error: {sys.executable} lacks the packages of training: set them up with "
        "`make train-setup`, and use .venv/bin/python",
        file=sys.stderr,
    )
    sys.exit(2)
