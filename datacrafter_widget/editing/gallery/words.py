"""Words as a search compares them: the same whatever their case, accents and writing."""

import unicodedata

_ONE_BY_ONE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # Han radicals, kana, bopomofo
    (0x31A0, 0x9FFF),  # kana, Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Writing without spaces between words: each character stands alone."""


def searchable(*texts: str) -> str:
    """Texts as `" word word"`: lower case, without accents; each word begins after one space.

    An entry is found by what begins a word of it: `searchable("app")` lies in `searchable("Red apples")`.
    `site.js` does the same with what is typed into a static site.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", " ".join(texts)).lower())
    words = "".join(map(_written, folded)).split()
    return "".join(f" {word}" for word in words)


def wanted(words: str) -> tuple[str, ...]:
    """What is searched for, a part for each word that was typed; all of them must be found."""
    parts = (searchable(word) for word in words.split())
    return tuple(dict.fromkeys(part for part in parts if part))


def _written(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in {"Mn", "Me", "Cf"}:  # accents, joiners, marks of direction
        return ""
    code = ord(character)
    if kind == "So" or 0x1F3FB <= code <= 0x1F3FF:
        return f" {character} "
    if kind[0] not in "LN" and kind != "Mc":
        return " "
    return f" {character} " if any(low <= code <= high for low, high in _ONE_BY_ONE) else character
