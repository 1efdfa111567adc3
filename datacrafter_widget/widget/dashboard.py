"""DataCrafter: the widget. It turns a session's events into messages and the page's messages into calls."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import anywidget
import traitlets

from datacrafter_widget.errors import DataCrafterError, InputError
from datacrafter_widget.session import Session
from datacrafter_widget.session.built import built, check_built
from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.saved import MOST_PICTURES, SIZE, saved_pictures
from datacrafter_widget.session.tables import PANELS
from datacrafter_widget.widget import traits
from datacrafter_widget.widget.feed import Feed, in_words
from datacrafter_widget.widget.options import check_options, check_panels
from datacrafter_widget.widget.protocol import check_message, check_request
from datacrafter_widget.widget.requests import SLOW, answer
from datacrafter_widget.widget.reruns import CellRun, this_cell

if TYPE_CHECKING:
    import pandas as pd

SHARED = ("selection", "classes", "focus")
"""What linked widgets of one session have in common."""

FROM_PAGE = {*SHARED, "view", "arrangement", "height", "theme", "_view_count"}
"""Traits that the page may set; the others are what Python says."""

_log = logging.getLogger(__name__)
_alive: WeakSet["DataCrafter"] = WeakSet()

check_built()


class DataCrafter(anywidget.AnyWidget):
    """The dashboard of a session in one widget: Info, Metrics, Evaluation, Map, Prompts, Suggestions and Detail.

    Show it as the last line of a cell. Several may show one session. It needs nothing from the network. It is
    an ipywidget: it goes into `HBox`, `VBox` and `Tab`, and `observe`, `link` and `jslink` work on its traits.

    While another cell runs, new pictures keep coming in. Buttons (Stop, too) work meanwhile where messages have
    threads of their own (ipykernel from 7 with JupyterLab from 4.4); elsewhere they wait for the cell, and the
    page says so.

    Args:
        session: the session to show.
        panels: which panels, of ``"info"``, ``"metrics"``, ``"evaluation"``, ``"map"``, ``"prompts"``,
            ``"suggestions"``, ``"detail"``. One alone fills the width; `Map`, `Metrics`, `Evaluation`, `Prompts`,
            `Suggestions`, `Detail` and `Info` are widgets of one panel.
        height: pixels.
        theme: ``"auto"`` (the notebook's), ``"light"`` or ``"dark"``.
        linked: keep `selection`, `classes` and `focus` in step with the other linked widgets of the session,
            so that a map in one cell and the details in another work together.
        more: any of the attributes below, and those of every widget: ``layout``, ``tooltip``, ``tabbable``.

    Attributes:
        selection: ``list[int]``, default ``[]``. Ids of the selected pictures; may be set and observed.

            >>> widget.selection = [12, 40]  # doctest: +SKIP
            >>> widget.observe(lambda change: print(change.new), "selection")  # doctest: +SKIP

        classes: ``list[int]``, default ``[]``. Ids of the classes that the panels are narrowed to; empty: all.

            >>> widget.classes = [session.classes[0].id]  # doctest: +SKIP
            >>> widget.classes = []  # doctest: +SKIP

        focus: ``list[int]``, default ``[]``. Ids of the content labels whose pictures are highlighted.

            >>> widget.focus = [session.label_table()[0]["id"]]  # doctest: +SKIP
            >>> widget.focus = []  # doctest: +SKIP

        view: ``dict | None``, default None. Where the map is: ``x`` and ``y`` of its centre, in the map's
            coordinates, and ``zoom``; at 1, and when None, everything fits.

            >>> widget.view = {"x": 0.0, "y": 0.0, "zoom": 4}  # doctest: +SKIP
            >>> widget.view = None  # doctest: +SKIP

        height: ``int``, default 720. Pixels.

            >>> widget.height = 900  # doctest: +SKIP

        theme: ``str``, default ``"auto"``. As above.

            >>> widget.theme = "dark"  # doctest: +SKIP

        arrangement: ``dict``, default ``{}``. Which panels are open, and how wide; in the page's own words, to be
            kept and given to another widget.

            >>> DataCrafter(session, arrangement=widget.arrangement)  # doctest: +SKIP

    Raises:
        InputError: an unknown panel, argument, picture, class or label, or a value of the wrong form.

    Example:
        >>> widget = DataCrafter(session)  # doctest: +SKIP
        >>> widget.selected_frame()  # doctest: +SKIP
    """

    _panels: tuple[str, ...] = PANELS
    _height = 720
    _live = False  # until it follows its session

    # Read once for all widgets: anywidget's own way keeps every widget that was ever made.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _view_count = traitlets.Int(0, allow_none=True).tag(sync=True)

    info = traitlets.Dict().tag(sync=True)
    labels: traitlets.List[Any] = traitlets.List().tag(sync=True)
    label_tree = traitlets.Dict().tag(sync=True)
    metrics: traitlets.List[Any] = traitlets.List().tag(sync=True)
    evaluation = traitlets.Dict().tag(sync=True)
    templates: traitlets.List[Any] = traitlets.List().tag(sync=True)
    proposals: traitlets.List[Any] = traitlets.List().tag(sync=True)
    suggestions: traitlets.List[Any] = traitlets.List().tag(sync=True)
    turns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    edits: traitlets.List[Any] = traitlets.List().tag(sync=True)
    jobs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    saved = traitlets.Dict().tag(sync=True)
    panels = traitlets.List(traitlets.Enum(PANELS)).tag(sync=True)
    height = traitlets.Int(720, min=100, max=10_000).tag(sync=True)
    theme = traitlets.Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    selection = traits.shared_ids()
    classes = traits.shared_ids()
    focus = traits.shared_ids()
    view = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True, echo_update=False)
    arrangement = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        session: Session,
        *,
        panels: Sequence[str] | None = None,
        height: int | None = None,
        theme: str = "auto",
        linked: bool = True,
        **more: Any,
    ) -> None:
        check_options(more)
        wanted = check_panels(self._panels if panels is None else panels)
        self._shown: Session | None = session
        self._name = session.store.folder.name[:30]
        self._linked = linked
        self._own_layout = "layout" not in more
        self.made_in = this_cell()
        self._outdated = False
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="datacrafter-widget")
        self._feed = Feed(session, say=self._say, fold=self._fold_soon)
        shared = session.shared if linked else {}
        try:
            super().__init__(
                panels=wanted,
                height=self._height if height is None else height,
                theme=theme,
                **{**shared, **more},
                **self._feed.state(),
            )
        except BaseException as error:
            self._feed.stop()
            if isinstance(error, traitlets.TraitError) and not isinstance(error, InputError):
                raise InputError(str(error)) from error
            raise
        self._live = True
        _heed_the_page(self.comm)
        self.on_msg(self._on_message)
        self._unsubscribe = session.events.subscribe(self._on_event)
        self.observe(self._share, SHARED)
        self.observe(self._close_if_outdated, "_view_count")
        self._feed.start()
        self._share_all(more)
        for other in list(_alive):
            other.make_way(self.made_in)
        _alive.add(self)

    def __repr__(self) -> str:
        """What stands in its place in a notebook that isn't trusted, or shows no widgets."""
        return f"<{type(self).__name__} of {self._name!r}: trust the notebook or run the cell to see it>"

    def selected_frame(self) -> "pd.DataFrame":
        """The selected pictures as a data frame, in the order of `selection`.

        Returns:
            A row a picture, with the columns of `Session.frame`: ``id``, ``class``, ``origin``, ``iteration``,
            ``prompt``, ``labels``, ``flagged``, ``path`` and more.

        Example:
            >>> widget.selected_frame().groupby("class").size()  # doctest: +SKIP
        """
        return self._session.frame(self.selection)

    def snapshot(self, pictures: int = MOST_PICTURES, *, size: int = SIZE) -> None:
        """Keep small pictures in the notebook, for those who open it without a kernel.

        Without it a saved notebook shows points, labels, metrics and prompts, but no pictures. Save the notebook
        afterwards. Call it again to renew it; `snapshot(0)` takes it out.

        Args:
            pictures: at most so many: the selected first, then as many of each class, originals and generated.
                A picture of 64 pixels takes about 2 kB.
            size: pixels on the longer side, 16 to 256.

        Raises:
            InputError: a number out of range.

        Example:
            >>> widget.snapshot(400)  # doctest: +SKIP
        """
        kept = saved_pictures(self._session, pictures, size=size, first=self.selection)
        self.saved = kept if pictures else {}

    def close(self) -> None:
        """Take the widget off the page and stop following the session. The session stays open."""
        if not self._live:
            return
        self._live = False
        self._unsubscribe()
        self._feed.stop()
        self._readers.shutdown(wait=False, cancel_futures=True)
        super().close()
        if self._own_layout:  # a model of its own, which ipywidgets would keep for ever
            self.layout.close()
        # IPython keeps what a cell returned; it must not keep a million points or a session with it.
        self._shown, self._unsubscribe = None, lambda: None
        self.points, self.saved = b"", {}
        self.label_tree, self.labels = {}, []

    @property
    def _session(self) -> Session:
        if self._shown is None:
            raise InputError("this widget is closed; show the session in a new one: DataCrafter(session)")
        return self._shown

    # -- session → page ------------------------------------------------------------------------------

    def _say(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if self._live and self.comm is not None:
            self.send(message, list(buffers))

    def _fold_soon(self) -> None:
        """Take the live state into the traits, on the kernel's own thread."""
        loop = _kernel_loop()
        if loop is None:
            self._fold()
        else:
            loop.add_callback(self._fold)

    def _fold(self) -> None:
        """What a saved notebook and a reloaded page start from is what the page was told."""
        with self._feed.line:
            if not self._live:
                return
            with self.hold_sync():
                for name, value in self._feed.state().items():
                    setattr(self, name, value)

    # -- widgets of one session ----------------------------------------------------------------------

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["kind"] == "shared" and self._linked and event["by"] is not self:
            setattr(self, event["name"], event["ids"])

    def _share(self, change: Any) -> None:
        if self._linked and self._live and self._session.shared.get(change.name, []) != change.new:
            self._session.shared[change.name] = change.new
            self._session.events.emit("shared", by=self, name=change.name, ids=change.new)

    def _share_all(self, names: dict[str, Any]) -> None:
        for name in SHARED:
            if name in names:
                self._share(traitlets.Bunch(name=name, new=getattr(self, name)))

    def make_way(self, run: CellRun | None) -> None:
        """Close as soon as nobody sees it, if the cell ran again: its new widget takes this one's place."""
        self._outdated = self._outdated or (run is not None and run.follows(self.made_in))
        self._close_if_outdated()

    def _close_if_outdated(self, _: Any = None) -> None:
        if self._outdated and (self._view_count or 0) <= 0:
            self.close()

    # -- page → session ------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the page set, if the page may set it and it makes sense; or else tell it what stands."""
        for name, value in sync_data.items():
            wrong: Exception | None = (
                None if name in FROM_PAGE else InputError(f"the page may not set {name!r}")
            )
            if wrong is None:
                try:
                    super().set_state({name: value})
                except Exception as error:  # whatever came must not harm the kernel
                    wrong = error
            if wrong is not None:
                _log.debug("the page set what it should not: %s", wrong)
                self._say({"type": "error", "id": None, "where": "", "message": in_words(wrong)})
                if self._live and name in self.keys:
                    self.send_state(name)

    def _on_message(self, _: Any, message: Any, __: Any) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        if isinstance(kind, str) and kind in SLOW and self._live:
            self._readers.submit(self._answer, message)
        else:
            self._answer(message)

    def _answer(self, message: Any) -> None:
        request, where = None, ""
        try:
            request, where = check_message(message)
            name, arguments = check_request(message)
            if name == "hello":
                with self._feed.line:
                    result, buffers = self._feed.greet(arguments["seq"])
                    self._say({"type": "reply", "id": request, "result": result}, buffers)
                return
            result, buffers = answer(self._session, name, arguments)
            self._say({"type": "reply", "id": request, "result": plain(result)}, buffers)
        except Exception as error:
            if not isinstance(error, DataCrafterError):
                _log.exception("a request of the page failed")
            self._say({"type": "error", "id": request, "where": where, "message": in_words(error)})

    # -- traits --------------------------------------------------------------------------------------

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return built("widget.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        return built("widget.css")

    @traitlets.validate("selection")
    def _known_pictures(self, proposal: Any) -> list[int]:
        ids: list[int] = proposal["value"]
        if ids and not self._feed.points.has(traits.id_array(ids, "selection")):
            try:
                self._session.check_ids(ids)  # a picture may have no place on the map yet
            except InputError as error:
                raise traits.WrongValueError(f"selection: {error}") from error
        return ids

    @traitlets.validate("classes")
    def _known_classes(self, proposal: Any) -> list[int]:
        return _among(proposal["value"], {row.id for row in self._session.classes}, "classes")

    @traitlets.validate("view")
    def _sensible_place(self, proposal: Any) -> dict[str, float] | None:
        return traits.place(proposal["value"])

    @traitlets.validate("arrangement")
    def _sensible_arrangement(self, proposal: Any) -> dict[str, Any]:
        return traits.arrangement(proposal["value"])


def _among(ids: list[int], known: set[int], name: str) -> list[int]:
    strangers = sorted(set(ids) - known)
    if strangers:
        raise traits.WrongValueError(f"{name}: expected ids among {sorted(known)}, found {strangers}")
    return ids


def _heed_the_page(comm: Any) -> None:
    """Messages from the page go to the thread that they ask for.

    ipykernel from 7.4 sends them to the shell that spoke to the page last. When one of our threads did, that is the
    main shell, whose cell may be running: Stop would wait for it.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, asked_for: asked_for  # noqa: ARG005, SLF001 - ipykernel's own


def _kernel_loop() -> Any:
    """The event loop of the kernel that we run in, or None."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return getattr(getattr(shell, "kernel", None), "io_loop", None)
