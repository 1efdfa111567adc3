"""Which run of which cell makes a widget, so that a later run of it can do away with what nobody sees."""

from typing import Any, NamedTuple


class CellRun(NamedTuple):
    """A cell of a notebook, by its id, and one run of it."""

    cell: str
    run: str

    def follows(self, other: "CellRun | None") -> bool:
        """Whether this is another run of the same cell."""
        return other is not None and self.cell == other.cell and self.run != other.run


def this_cell() -> CellRun | None:
    """The cell that is running; None where the host doesn't tell (JupyterLab and Notebook 7 do)."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    kernel = getattr(get_ipython(), "kernel", None)
    get_parent = getattr(kernel, "get_parent", None)
    parent: dict[str, Any] = (get_parent("shell") if get_parent else None) or {}
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
    return CellRun(cell, run) if cell and run else None
