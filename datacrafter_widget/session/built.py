"""The front end as built from ``js/``: ``widget.js``, its style sheet, and ``studio.js``, sent when it is wanted."""

from functools import cache
from pathlib import Path

from datacrafter_widget.errors import DataCrafterError

STATIC = Path(__file__).parents[1] / "widget" / "static"
FILES = ("widget.js", "widget.css", "studio.js")


def check_built() -> None:
    """See that the front end is there.

    Raises:
        DataCrafterError: it was never built.
    """
    for name in FILES:
        if not (STATIC / name).is_file():
            raise DataCrafterError(
                f"the dashboard's front end is not built: expected {STATIC / name}; in the checkout, "
                "run `python -m pip install -e .`, or `npm ci && npm run build` in its folder js/"
            )


@cache
def built(name: str) -> str:
    """The text of one of `FILES`."""
    return (STATIC / name).read_text(encoding="utf-8")
