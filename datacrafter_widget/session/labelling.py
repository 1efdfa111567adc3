"""The verb `label`: where a session's content labels come from."""

import logging
from typing import Any

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.captions import LabelSource
from datacrafter_widget.session.core import Core

_log = logging.getLogger(__name__)


class Labelling(Core):
    """What `Session` does with content labels."""

    def label(self, with_: LabelSource = "language") -> Job[None]:
        """Find the pictures' content labels anew, and draw the map with them.

        The choice is kept with the session. With ``"language"`` every visible picture is sent to the
        session's language model, once, and the nouns of its captions become the labels; pictures that come
        later get labels from among these by the encoder, until `label` is called again. When the model fails,
        or the job is cancelled, the labels stay as they were; captions that came are kept, and not asked for
        again.

        Args:
            with_: ``"language"``: captions by the session's language model; ``"clip"``: the encoder and a
                vocabulary, the default of a new session.

        Raises:
            InputError: neither of these, or no language model. The job ends with a ModelError, and an event
                ``warning`` tells, when the language model fails.
        """
        self._writable()
        if with_ not in ("clip", "language"):
            raise InputError(f"label: expected with_='language' or 'clip', found {with_!r}")
        captions = self._observer.captions
        if with_ == "language":
            captions.language()

        def run(job: Job[Any]) -> None:
            if with_ == "language":
                try:
                    captions.ask(job)
                except ModelError as error:
                    self._captioning_failed(error)
                    raise
                self._models.language_failed(None)
            self._observer.observe(job, captions.made(with_))

        name = "Describe the pictures" if with_ == "language" else "Find the words"
        return self._submit(run, name, kind="label")

    def _captioning_failed(self, error: ModelError) -> None:
        message = f"content labels stay as they were: {error}"
        _log.warning(message)
        self._models.language_failed(str(error))
        self.events.emit("warning", where="map", message=message)
