"""The dashboard: one anywidget class, its wire protocol, and the built front end."""

from datacrafter_widget.widget.dashboard import DataCrafter
from datacrafter_widget.widget.panels import Detail, Evaluation, Info, Map, Metrics, Prompts, Suggestions

__all__ = ["DataCrafter", "Detail", "Evaluation", "Info", "Map", "Metrics", "Prompts", "Suggestions"]
