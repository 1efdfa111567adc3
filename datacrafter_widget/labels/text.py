"""Text that others wrote, made fit to be shown, stored and sent."""

import unicodedata


def plain_line(text: str, longest: int | None = None) -> str:
    """One line of text without control and formatting characters.

    Those that turn the writing direction or that no UTF-8 can hold are among them; blanks are made single.

    Args:
        text: anything.
        longest: characters to keep; an ellipsis stands for what is cut. None keeps all.
    """
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(
        " " if character.isspace() else character
        for character in composed
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    line = " ".join(visible.split())
    if longest is None or len(line) <= longest:
        return line
    return line[: longest - 1].rstrip() + "…"
