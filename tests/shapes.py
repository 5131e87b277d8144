"""A pytest plugin, `-p tests.shapes`: calls into spaces/ and workers/ are held to their annotations.

jaxtyping's hook decorates what is imported after it with beartype. A shape, Float[Tensor, "B C H W"], must
then hold with the same B in all of a call. `make shapes` runs the tests so.
"""

from jaxtyping import install_import_hook

CHECKED = ["spaces", "workers"]
# An int is a float, as for mypy; of a list the first entry is looked at, not a random one.
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True, is_random=False))"

install_import_hook(CHECKED, CHECKER)
