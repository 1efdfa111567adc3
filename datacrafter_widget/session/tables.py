"""The small tables of a session that the dashboard and a saved page show."""

from typing import Any

from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.shown import Shown

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

MOST_JOBS = 50


def read_table(session: Shown, name: str) -> Any:
    """One of `TABLES` as strict JSON has it, read fresh.

    Args:
        session: what to read.
        name: which table. Of the jobs the latest `MOST_JOBS` are told, of the history what undo and redo would do.
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
    return table[-MOST_JOBS:] if name == "jobs" else table
