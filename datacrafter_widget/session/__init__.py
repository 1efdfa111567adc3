"""Session: the one object a user holds."""

from datacrafter_widget.session.session import Session

__all__ = ["Session"]
