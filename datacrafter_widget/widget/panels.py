"""Widgets of one panel, for notebooks that lay things out cell by cell. Those of one session work together."""

from datacrafter_widget.widget.dashboard import DataCrafter


class Map(DataCrafter):
    """The map of a session's pictures and content labels alone; see `DataCrafter`.

    Example:
        >>> Map(session, height=600)  # doctest: +SKIP
    """

    _panels = ("map",)
    _height = 560


class Metrics(DataCrafter):
    """The metric lines of a session alone; see `DataCrafter`."""

    _panels = ("metrics",)
    _height = 280


class Evaluation(DataCrafter):
    """What each round was worth to a classifier, with a plain verdict, alone; see `DataCrafter`."""

    _panels = ("evaluation",)
    _height = 240


class Prompts(DataCrafter):
    """The prompts and proposals of a session alone; see `DataCrafter`."""

    _panels = ("prompts",)
    _height = 480


class Suggestions(DataCrafter):
    """What should come next for the classes of a session, in words, alone; see `DataCrafter`."""

    _panels = ("suggestions",)
    _height = 420


class Detail(DataCrafter):
    """The pictures of a session in rows with their descendants, alone; see `DataCrafter`."""

    _panels = ("detail",)
    _height = 420


class Info(DataCrafter):
    """The models, counts and content labels of a session alone; see `DataCrafter`."""

    _panels = ("info",)
    _height = 640
