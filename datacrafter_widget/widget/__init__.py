"""The dashboard: one anywidget class, its wire protocol, and the built front end."""

from datacrafter_widget.widget.dashboard import DataCrafter
from datacrafter_widget.widget.panels import Detail, Info, Map, Metrics, Prompts

__all__ = ["DataCrafter", "Detail", "Info", "Map", "Metrics", "Prompts"]
