"""Which of a request's texts an editor goes by, and what it must find in a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacrafter_widget.models.editors.editor import Abilities, EditRequest


def target_text(request: EditRequest) -> str:
    """The caption of the picture as it is to be; the instruction where there is none."""
    return request.target.strip() or request.instruction.strip()


def instruction_text(request: EditRequest) -> str:
    """The instruction; the target caption where there is none."""
    return request.instruction.strip() or request.target.strip()


def check(requests: Sequence[EditRequest], name: str, abilities: Abilities) -> None:
    """Check that requests have what an editor requires.

    Raises:
        InputError: a text, a mask or a reference picture is missing, or a mask is black all over.
    """
    for request in requests:
        for what, use, value in (
            ("mask", abilities.mask, request.mask),
            ("reference picture", abilities.reference, request.reference),
        ):
            if use == "required" and value is None:
                msg = f"{name}: expected a {what}, found none; give one, or use an editor that needs none"
                raise InputError(msg)
        if (
            request.mask is not None
            and abilities.mask != "never"
            and request.mask.convert("L").getbbox() is None
        ):
            msg = f"{name}: expected a mask with something white in it, found one that is black all over"
            raise InputError(msg)
        shows = abilities.reference == "required"  # the reference says what is wanted
        if not target_text(request) and not shows:
            msg = f"{name}: expected an instruction or a target caption, found neither"
            raise InputError(msg)
