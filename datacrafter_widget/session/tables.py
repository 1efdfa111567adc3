"""The small tables of a session that the dashboard and a saved page show."""

from pathlib import Path
from typing import Any

from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.shown import Shown
from datacrafter_widget.session.views import from_here

TABLES = (
    "info",
    "labels",
    "label_tree",
    "metrics",
    "evaluation",
    "templates",
    "proposals",
    "suggestions",
    "turns",
    "edits",
    "jobs",
    "history",
)

PANELS = ("info", "metrics", "evaluation", "map", "prompts", "suggestions", "detail")
"""The parts of the dashboard."""

MOST_JOBS = 50


def read_table(session: Shown, name: str) -> Any:
    """One of `TABLES` as strict JSON has it, read fresh.

    Args:
        session: what to read.
        name: which table. Of the jobs the latest `MOST_JOBS` are told, of the history what undo and redo would do,
            and of the session's folder no more than what the reader of a saved notebook may know.
    """
    read = {
        "info": session.info,
        "labels": session.label_table,
        "label_tree": session.label_tree,
        "metrics": session.metric_table,
        "evaluation": session.evaluation_table,
        "templates": session.template_table,
        "proposals": session.proposal_table,
        "suggestions": session.suggestion_table,
        "turns": session.turn_table,
        "edits": session.edit_news,
        "jobs": session.job_table,
        "history": session.history,
    }[name]
    table = plain(read())
    if name == "history":
        return {"undo": table["undo"], "redo": table["redo"]}
    if name == "info":
        return {**table, "folder": from_here(Path(table["folder"]))}
    return table[-MOST_JOBS:] if name == "jobs" else table
