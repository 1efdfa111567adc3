"""The dashboard: one anywidget class, its wire protocol, and the built front end."""

from datacrafter_widget.widget.dashboard import DataCrafter

__all__ = ["DataCrafter"]
