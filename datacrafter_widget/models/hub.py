"""Loading other people's models quietly, and saying plainly why one can't be had."""

from __future__ import annotations

import contextlib
import logging
import textwrap
from typing import TYPE_CHECKING

from datacrafter_widget.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator


_CHATTY = (
    "configuration_utils",
    "loaders.lora_base",
    "pipelines.pipeline_utils",
    "pipelines.pipeline_loading_utils",
)
_HARMLESS = ("Expected types for vae", "were passed to AutoencoderTiny", "No LoRA keys associated to")


def first_line(error: BaseException) -> str:
    """The first line of an error's text, cut at some 200 characters: libraries append whole manuals."""
    lines = str(error).strip().splitlines()
    return textwrap.shorten(lines[0], 200, placeholder=" …") if lines else "no details"


@contextlib.contextmanager
def reached(name: str, form: str) -> Iterator[None]:
    """Turn a failed download into an error that says what was expected and what to do.

    Args:
        name: the model's name on the hub.
        form: what it should be, as in "a diffusers pipeline".

    Raises:
        ModelError: whatever went wrong.
    """
    try:
        yield
    except Exception as error:
        msg = (
            f"the model {name!r} can't be had: expected an existing folder, or {form} on the Hugging Face "
            f"hub; found {type(error).__name__} ({first_line(error)}). Check the spelling and the network; "
            "for a gated model log in with `hf auth login`; without a network give a folder with the model"
        )
        raise ModelError(msg) from error


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Hide the bars that diffusers and transformers draw while they put weights into place.

    Three of diffusers' warnings go with them: two are about small autoencoders, one about text encoders that a LoRA
    leaves as they are. All are harmless.
    """
    import diffusers.utils.logging
    import transformers.utils.logging

    libraries = [diffusers.utils.logging, transformers.utils.logging]
    shown = [library for library in libraries if library.is_progress_bar_enabled()]
    loggers = [logging.getLogger(f"diffusers.{name}") for name in _CHATTY]
    for library in shown:
        library.disable_progress_bar()
    for logger in loggers:
        logger.addFilter(_worth_saying)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(_worth_saying)
        for library in shown:
            library.enable_progress_bar()


@contextlib.contextmanager
def quiet_tokenizing() -> Iterator[None]:
    """Hide transformers' warning of errors to come from a long prompt: pipelines cut it, and say so themselves."""
    logger = logging.getLogger("transformers.tokenization_utils_base")
    logger.addFilter(_short_enough)
    try:
        yield
    finally:
        logger.removeFilter(_short_enough)


def _short_enough(record: logging.LogRecord) -> bool:
    return "sequence length is longer" not in record.getMessage()


def _worth_saying(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    return not any(harmless in text for harmless in _HARMLESS)
