"""The pinned versions, as installed together."""

from __future__ import annotations

import subprocess
import sys


def test_no_process_of_ray_compiles_the_grammar_of_jsonschemas_extra() -> None:
    script = "import ray, sys; print('rfc3987_syntax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", "see cluster/DECISIONS.md: jsonschema below 4.25"
