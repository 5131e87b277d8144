#!/usr/bin/env bash
# A driver that asked Ray for silence (log_to_driver=False), and a node that dies: what is printed?
#
# Good guess: nothing, or a line on stderr. `log_to_driver=False` is said to keep workers' output off the
#   driver, `logging_level=logging.ERROR` what Ray itself logs.
# What happens: twenty lines of the dead node's raylet.out, debug state among them, are printed to the driver's
#   *stdout* behind a paragraph on possible reasons, and once more some seconds later, with a paragraph on
#   missed heartbeats. They come on the channel of errors, which neither setting reaches; Ray has none for it.
# Seen with: ray 2.60.0, Python 3.11, Linux.
# Why our users care: a search outlives a node that is taken away, so nothing is wrong; but a program whose
#   stdout another one reads (JSON, a table) has forty foreign lines in it, and a person takes them for the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
cat >"$folder/driver.py" <<'PY'
import logging
import sys
import time

import ray
from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "object_store_memory": 100 << 20}
cluster = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
try:
    node = cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    print("BEGIN", flush=True)
    cluster.remove_node(node, allow_graceful=False)
    time.sleep(20)
    print("END", flush=True)
    ray.shutdown()
finally:
    cluster.shutdown()
PY
"$folder/venv/bin/python" "$folder/driver.py" >"$folder/stdout" 2>"$folder/stderr"
sed -n '/^BEGIN/,/^END/p' "$folder/stdout" | sed '1d;$d' >"$folder/said"
lines=$(wc -l <"$folder/said")
of_log=$(grep -c -e state-dump -e '(raylet) [a-z_]*\.cc:' "$folder/said" || true)
echo "between the death and the end of the driver: $lines lines on stdout, $of_log of them of the node's own log:"
cut -c1-100 "$folder/said" | head -8
((lines > 10 && of_log > 5)) || { echo "CHANGED: see the head"; exit 1; }
