"""The verbs of the gallery: show others how a picture was changed, and take up what they showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.editing import Editing
from datacrafter_widget.session.edits import EditHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from datacrafter_widget.editing.gallery import Entry, Gallery
    from datacrafter_widget.jobs import Job

GALLERY_FOLDER = "gallery"


class Publishing(Editing):
    """What `Session` does with a gallery."""

    _gallery: Gallery | None = None
    _own_gallery: Gallery | None = None
    _deaf: Callable[[], None] = staticmethod(lambda: None)

    @property
    def gallery(self) -> Gallery:
        """The gallery that this session publishes into: by default one of its own, in its folder.

        Several sessions, or several people, may share one:

            session.gallery = Gallery.open("~/gallery")
            session.gallery = Gallery.open("mongodb://host/gallery", author="Ada")

        Raises:
            StoreError: the session is closed; or it is read-only, and nothing was published.
        """
        from datacrafter_widget.editing.gallery import Gallery

        self._check_open()
        with self._lock:
            if self._gallery is None:
                folder = self._store.folder / GALLERY_FOLDER
                self._gallery = self._own_gallery = Gallery.open(folder, read_only=self._store.read_only)
                self._deaf = self._gallery.subscribe(lambda: self.events.emit("gallery"))
            return self._gallery

    @gallery.setter
    def gallery(self, gallery: Gallery) -> None:
        from datacrafter_widget.editing.gallery import Gallery

        if not isinstance(gallery, Gallery):
            raise InputError(f"expected a gallery such as Gallery.open(path), found {type(gallery).__name__}")
        with self._lock:
            self._close_gallery()
            self._gallery = gallery
            self._deaf = gallery.subscribe(lambda: self.events.emit("gallery"))
        self.events.emit("gallery")

    def publish(
        self, edit: EditHandle | int, *, title: str, description: str = "", public: bool = False
    ) -> Entry:
        """Put an edit into the `gallery`, with all steps that led to it: pictures, words, exact parameters.

        Args:
            edit: the last step; one of its candidates must have been chosen.
            title: one line.
            description: what there is to say about it.
            public: whether others see it, and `Gallery.to_html` shows it; the pictures of all steps go along.

        Returns:
            The entry. `Gallery.change` and `Gallery.delete` change it and take it back.

        Raises:
            InputError: nothing was chosen, or there is no title.
        """
        handle = edit if isinstance(edit, EditHandle) else self.edit_handle(edit)
        return self.gallery.publish(handle.record(), title=title, description=description, public=public)

    def fork(self, entry: Entry | str, pictures: int | Iterable[int]) -> Job[list[EditHandle]]:
        """Take the steps of an entry of the `gallery` on pictures of this session; see `replay`.

        Args:
            entry: the entry, or its id.
            pictures: ids of the pictures.

        Returns:
            A job whose result is the last edits, one a picture.

        Raises:
            InputError: no such entry or pictures, or an editor of a step is not known here.
        """
        return self.replay(self.gallery.fork(entry), pictures)

    def _close_gallery(self) -> None:
        """Close the session's own gallery; one that was brought is its owner's."""
        self._deaf()
        self._deaf = lambda: None
        own, self._own_gallery, self._gallery = self._own_gallery, None, None
        if own is not None:
            own.close()
