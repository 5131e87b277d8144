#!/usr/bin/env bash
# Equal weights and equal metadata, saved by two processes with safetensors: are the files equal?
#
# Good guess: yes. The format is plain (a JSON header, then the numbers), made to be read without surprises,
#   and a program that is run twice on the same input writes the same bytes.
# What happens: the metadata lie in a hash map with a random seed, so each process writes its entries in an
#   order of its own. Tensors lie in the same places, sizes are equal, bytes and checksums are not.
#   Within one process the order differs from call to call as well.
# Seen with: safetensors 0.8.0, Python 3.11.
# Why our users care: a run repeated from its seed, or continued after a kill, has "another" network file by
#   its SHA-256, and content-addressed stores keep each copy. Compare tensors and parsed metadata instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
cat >"$folder/save.py" <<'PY'
import sys

import numpy as np
from safetensors.numpy import save_file

tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
save_file(tensors, sys.argv[1], metadata={f"fact {number}": str(number) for number in range(10)})
PY
cat >"$folder/compare.py" <<'PY'
import hashlib
import json
import sys

files = [open(name, "rb").read() for name in sys.argv[1:]]
ends = [8 + int.from_bytes(file[:8], "little") for file in files]
headers = [json.loads(file[8:end]) for file, end in zip(files, ends)]
print("sizes        ", sorted({len(file) for file in files}))
print("tensors      ", len({file[end:] for file, end in zip(files, ends)}), "different")
print("metadata     ", len({json.dumps(header, sort_keys=True) for header in headers}), "different, when sorted")
checksums = {hashlib.sha256(file).hexdigest()[:12] for file in files}
print("checksums    ", len(checksums), "different of", len(files), "files:", *sorted(checksums))
orders = {tuple(header["__metadata__"]) for header in headers}
print("one order    ", ", ".join(next(iter(orders))))
equal = len({file[end:] for file, end in zip(files, ends)}) == 1 and all(head == headers[0] for head in headers)
sys.exit(0 if equal and len(checksums) > 1 else 1)
PY
for number in 1 2 3 4 5 6; do
    "$folder/venv/bin/python" "$folder/save.py" "$folder/$number.safetensors"
done
"$folder/venv/bin/python" "$folder/compare.py" "$folder"/*.safetensors || { echo "CHANGED: see the head"; exit 1; }
