"""The built-in words for pictures of no particular world."""

from importlib import resources


def _read() -> tuple[str, ...]:
    text = resources.files("datacrafter_widget.labels").joinpath("words.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


#: About 500 content words of each kind: things, places, materials, light, style.
GENERAL_VOCABULARY: tuple[str, ...] = _read()
