"""A session's dashboard as one file that needs neither Python nor a network."""

import base64
import html
import json
import os
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.built import built, check_built
from datacrafter_widget.session.points import encode_points
from datacrafter_widget.session.saved import saved_pictures

if TYPE_CHECKING:
    from datacrafter_widget.session.shown import Shown


def write_page(
    session: "Shown", path: str | Path, *, title: str | None, pictures: int, overwrite: bool
) -> Path:
    """Write the page; see `Session.to_html`."""
    target = Path(path)
    if target.exists() and not overwrite:
        raise InputError(f"expected a new file, found {target}. overwrite=True replaces it.")
    if target.is_dir() or not target.parent.is_dir():
        raise InputError(f"expected a file in a folder that exists, found {target}")
    check_built()
    content = page(session, title=title, pictures=pictures)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def page(session: "Shown", *, title: str | None, pictures: int) -> str:
    """The page as text. What came with the data can't become markup in it."""
    from datacrafter_widget.session.tables import PANELS, TABLES, read_table

    tables = {name: read_table(session, name) for name in TABLES}
    info = {**tables["info"], "folder": "", "memory": None, "read_only": True, "resumable": 0}
    state = {
        **tables,
        "info": info,
        "jobs": [],
        "history": {"undo": None, "redo": None},
        "points": encode_points(session.map_points(), 0),
        "saved": {"page": True, **saved_pictures(session, pictures)},
        "theme": "auto",
        "panels": list(PANELS),
        "selection": [],
        "classes": [],
        "focus": [],
        "view": None,
        "arrangement": {},
    }
    return Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title or f"{info['name']} · DataCrafter"),
        style=built("widget.css").replace("</", "<\\/"),
        state=_script(state),
        bundle=_script(built("widget.js")),
    )


def _script(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_encoded)
    return text.replace("<", "\\u003c")


def _encoded(value: bytes) -> dict[str, str]:
    return {"$bytes": base64.b64encode(value).decode("ascii")}
