"""What PyInstaller must pack beside ``platform``: the standard module's source, which ``platform`` runs.

PyInstaller finds one module for one name, and that is ours.
"""

import os

datas = [(os.path.join(os.path.dirname(os.__file__), "platform.py"), "platform")]
