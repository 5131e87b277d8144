"""Runs the paper's controls beside a recipe's own run, and compares them: Tables 3 and 4, Figures 6a and 6b.

python -m platform.controls RECIPE [--FIELD VALUE ...]

The recipe's run goes through both levels. Then, as ordinary runs that begin from what it left:
NAME-s-only       S-ViPNAS searched under the same bound, trained and finetuned: Table 3
NAME-no-fusion    the found T networks retrained without the heatmaps of the frame before: Figure 6a
NAME-shared       one choice for all frames, the same T supernet: Figure 6b
NAME-t2, NAME-t4  other numbers of frames, the same T supernet: Table 4
NAME/comparisons.md has the four tables. The same command again continues where it stopped.
"""

from __future__ import annotations

import sys

from platform.terminal.command_line import run as run_command
from platform.terminal.consoles import plain_console


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip())
        return 0
    from platform.comparison.controls import begin, check_controls, controls
    from platform.config.arguments import read_arguments
    from platform.run.folder import folder_of

    base = read_arguments(arguments)
    assert base is not None  # it is where there are arguments
    check_controls(base)
    from platform.comparison.scores import compare  # takes seconds to import: a mistyped field comes first
    from platform.stages.pipeline import run

    console = plain_console()
    run(base, console)
    runs = [folder_of(base).path]
    for control in controls(base):
        begin(control)
        runs.append(run(control.config, console).path)
    console.print(compare(runs, runs[0], console), highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
