"""Wishes that something comes in: "add A", "give him A", "A needs B", "another one"."""

from __future__ import annotations

import re

from datacrafter_widget.editing import words
from datacrafter_widget.editing.reading import (
    LIKELY,
    SURE,
    Reading,
    ends,
    head,
    is_background,
    is_light,
    starts,
    thing_of,
)

_ADD = re.compile(
    r"^(?:add|insert|include|introduce|incorporate|attach|paste|stick|hang(?: up)?|plant|pour|"
    r"sprinkle|scatter|append|superimpose|overlay|bring in|throw in|drop in|"
    r"write|engrave|mount|(?:duplicate|double|clone|copy|multiply)(?= the| this| that| it|"
    r" his| her)|there (?:should|could|must|might|ought to|needs to|has to) be|"
    r"there (?:is|are)|let there be|put in|place in|sneak in|squeeze in|with|use|"
    r"apply)\s+(?:also |in )?(?P<what>.+)$",
    re.IGNORECASE,
)


_COVER = re.compile(
    r"^(?P<verb>fill|cover|decorate|surround|dress|equip|top|garnish|populate|adorn|wrap|"
    r"crowd|frame|stuff|load|furnish|strew|line|crown|accessorize|accessorise)(?: up)? "
    r"(?P<thing>.+?) (?:with|in|by) (?P<what>.+)$",
    re.IGNORECASE,
)


_GIVE = re.compile(
    r"^(?:give|lend|hand|grant) (?P<thing>it|him|her(?= an?\b| some\b| more\b| two\b|"
    r" long)|them|everyone|everything|me|us|(?:the|his|her|my|this|that|each|every|all|"
    r"both|these|those) .+?) "
    r"(?P<what>(?:an?|some|more|less|two|three|four|several|many|the|another|longer|"
    r"shorter|bigger|smaller|long|short|curly|big|better|higher|extra|" + words.COLOUR.pattern + r") .+)$",
    re.IGNORECASE,
)


_MORE = re.compile(
    r"^(?:(?:an?|the) (?:second|third|fourth|fifth|additional|extra|further|other)|"
    r"another|one more|two more|three more|some more|more|a few more|extra|additional)\b",
    re.IGNORECASE,
)


_NEEDS = re.compile(
    r"^(?P<thing>.+?) (?:needs?|could use|could do with|lacks?|is missing|are missing|"
    r"deserves?|wants?|should (?:get|have)|must (?:get|have)|gets?) (?!to\b|"
    r"be\b)(?P<what>.+)$",
    re.IGNORECASE,
)


_MAY_HAVE = re.compile(
    r"^(?:can|could|may|might|should|would) (?P<thing>.+?) (?:have|get|wear|hold) (?P<what>.+)$",
    re.IGNORECASE,
)


_NICE = re.compile(
    r"^(?P<what>(?:an?|some|two|three|more|several) .+?) (?:would|might|"
    r"could) (?:be (?:nice|great|good|lovely|cool|fine|perfect|fun)|look (?:nice|great|"
    r"good)|help|suit .+|fit .+).*$",
    re.IGNORECASE,
)


_THERE = re.compile(
    r"^(?P<where>(?:behind|in|on|at|next to|under|beside|above|below|over|near|between|"
    r"around) .+?),? (?:there )?(?:should|could|must|has to) (?:be|stand|sit|lie|"
    r"hang) (?P<what>.+)$",
    re.IGNORECASE,
)


LOOKS = re.compile(r"\b(?:look|style|feel|vibe|effect|aesthetic|touch|treatment)\b", re.IGNORECASE)


_TAKE_ON = re.compile(
    r"^(?:have|let|make|show|put|get) (?P<thing>it|him|her|them|(?:the|his|her|my|this|"
    r"that|each|every|all|both|a|an) .+?) (?P<what>(?:wear|hold|carry|have|ride|eat|drink|"
    r"sport|play|grow|read|use|hug|kick)(?:s|ing)?\s(?!hands\b|still\b|on\b|to\b|towards?\b|left\b|right\b|away\b).+)$",
    re.IGNORECASE,
)


def added(said: str) -> Reading | None:  # noqa: C901, PLR0911
    """Something comes in."""
    found = _THERE.match(said)
    if found and not words.DEFINITE.match(found["what"]):
        if re.match(r"behind|in the background|around", found["where"], re.IGNORECASE) and ends(
            words.PLACE, found["what"]
        ):
            return Reading("relight", LIKELY, "it changes what is behind the things", "", found["what"])
        return comes(found["what"])
    found = _GIVE.match(said) or _COVER.match(said)
    found = (
        found
        or _MAY_HAVE.match(said)
        or (_NEEDS.match(said) if ";" not in said and "," not in said else None)
    )
    if found:
        return comes(found["what"], thing_of(found["thing"]))
    found = _NICE.match(said)
    if found:
        return comes(found["what"])
    found = _ADD.match(said)
    if found and not (said.lower().startswith("use") and not words.ARTICLE.match(found["what"])):
        return comes(found["what"])
    if _MORE.match(said) and not words.is_picture(said):
        return comes(said)
    found = _TAKE_ON.match(said) or re.match(
        r"^(?P<thing>(?:the|his|her|my|this|that|every|all)\b.+?) (?:should |could |"
        r"must )?(?P<what>(?:wear|hold|carry|have)(?:s|ing)? .+)$",
        said,
        re.IGNORECASE,
    )
    if found:
        return Reading("insert", SURE, "somebody gets something new", thing_of(found["thing"]), found["what"])
    found = re.match(
        rf"^(?:let|have|make|get|show) (?P<what>{words.ARTICLE.pattern[1:]} .+)$", said, re.IGNORECASE
    )
    if found and starts(words.POSE, " ".join(found["what"].split()[2:])):
        return Reading("insert", LIKELY, "a thing that isn't there yet does something", "", found["what"])
    found = re.match(
        r"^(?:show|see|have) (?P<what>(?!(?:the|it|this|that|him|her|them|me|us|his|my|all|a|"
        r"an)\b)\w+ \w+ing\b.+)$",
        said,
        re.IGNORECASE,
    )
    if found:
        return Reading("insert", LIKELY, "something is shown that isn't there yet", "", found["what"])
    found = re.match(
        r"^(?:draw|paint|sketch|doodle|tattoo) (?P<what>(?:an?|some|two|three|more|another)\b.+)$",
        said,
        re.IGNORECASE,
    )
    if found and not re.search(
        rf"\bof {words.PICTURE.pattern}$|\bof (?:this|the|it|him|her)\b", found["what"], re.IGNORECASE
    ):
        return Reading("insert", LIKELY, "something is drawn in", "", found["what"])
    return None


def comes(what: str, thing: str = "") -> Reading:  # noqa: C901, PLR0911
    """What it means that something comes in."""
    if thing and words.is_colour(what):
        found = words.COLOUR.search(what)
        return Reading(
            "recolour", SURE, "what comes in is a colour", thing, found.group(0) if found else what
        )
    if re.fullmatch(
        rf"(?:(?:a bit|much|some|far|even) )?(?:more|less) (?:{words.STYLE.pattern})", what, re.IGNORECASE
    ):
        return Reading("restyle", LIKELY, "it names a medium or a style", "", what)
    if re.search(r"\b(?:as|for) (?:a |the )?(?:background|backdrop)\b", what, re.IGNORECASE) or re.match(
        r"(?:the [A-Z].*|.*\b(?:mountains?|skyline|city|forest|sea|ocean|"
        r"beach)) in the (?:back|background)$",
        what,
    ):
        return Reading("relight", LIKELY, "it changes what is behind the things", "", what)
    if starts(words.LIGHT, re.sub(r"^an? ", "", what)) and LOOKS.search(what):
        return Reading("relight", SURE, "it names a light", "", what)
    main = head(what)
    if ends(words.WHOLE, what) or (words.WHOLE.search(main) and LOOKS.search(main)):
        return Reading("global", LIKELY, "what comes in is a property of the whole picture", "", what)
    if words.STYLE.search(what) and (LOOKS.search(what) or ends(words.WHOLE, what)):
        return Reading("restyle", SURE, "it names a medium or a style", "", what)
    if words.COLOUR.search(what) and (
        words.is_colour(main)
        or re.search(
            r"\b(?:paint|colou?r|tint|finish|coat|coating|fur|hair|skin|eyes|varnish|feathers|"
            r"wings|lips|nails|eyebrows|leaves|petals|wheels|tyres|sleeves|walls|roof|windows|"
            r"doors)\b",
            what,
            re.IGNORECASE,
        )
    ):
        found = words.COLOUR.search(what)
        return Reading(
            "recolour", LIKELY, "what comes in is a colour", thing, found.group(0) if found else what
        )
    if words.COLOUR_NOUN.search(main):
        return Reading("recolour" if thing else "global", LIKELY, "what comes in is colour", thing, what)
    if is_background(what):
        return Reading("relight", SURE, "it gives the picture another background", "", what)
    if is_light(what):
        return Reading("relight", SURE, "what comes in is light or weather", "", what)
    if re.search(
        r"\b(?:smile|frown|grin|pose|posture|(?:happy|sad|angry|surprised|\w+) (?:expression|face))\b",
        main,
        re.IGNORECASE,
    ):
        return Reading("reorient", LIKELY, "it asks for another pose or expression", thing, what)
    return Reading("insert", SURE, f"'{what}' is to come in", thing, what)
