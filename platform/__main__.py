"""``python -m platform``: what the standard module prints when it is run."""

import os
import runpy

runpy.run_path(os.path.join(os.path.dirname(os.__file__), "platform.py"), run_name="__main__")
