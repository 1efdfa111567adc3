"""Wishes that something goes: "remove A", "without A", "A should disappear"."""

from __future__ import annotations

import re

from datacrafter_widget.editing import words
from datacrafter_widget.editing.reading import LIKELY, SURE, Reading, ends, head, is_background, is_light

_REMOVE = re.compile(
    r"^(?:remove|delete|erase|eliminate|get rid of|do away with|take (?:away|out|off|"
    r"down)|cut (?:out|away|off)|wipe(?: away| off| out)?|clear(?: away| out)?|"
    r"clean(?: up| away| off)?|hide|drop|lose|strip(?: off| away)?|omit|exclude|(?:edit|"
    r"photoshop|crop|rub|airbrush|leave|paint|throw) out|discard|scrub|dispose of|"
    r"subtract|ditch|obliterate|shave(?: off)?|unmask|undress|pull out|pluck)\s+(?P<thing>.+)$",
    re.IGNORECASE,
)


_REMOVE_OTHERS = (
    re.compile(r"^(?P<thing>nobody|no ?one|no [\w ]+?) (?:should|must|may|is to) .+$", re.IGNORECASE),
    re.compile(rf"^retouch (?P<thing>(?!{words.PICTURE.pattern}$).+)$", re.IGNORECASE),
    re.compile(
        r"^(?:i want |make |let )?(?P<thing>.+?) (?:to be|be|should be|must be|"
        r"is to be)? ?(?:empty|deserted|uncluttered)$",
        re.IGNORECASE,
    ),
    re.compile(r"^take (?P<thing>.+?) down$", re.IGNORECASE),
    re.compile(r"^(?:cut|clip|chop|saw) (?P<thing>(?:the|that|this|those|his|her|its) .+)$", re.IGNORECASE),
    re.compile(
        r"^(?:take|get|pull|wipe|strip|cut|clean|edit|photoshop|rip|shave|pick|crop|paint|"
        r"throw|send|kick) (?P<thing>.+?) (?:off|away|out|from|up off)(?:\s.*)?$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:.+ )?without (?P<thing>(?!(?:chang|alter|touch|los|modify|mak|affect|mov|remov|add)ing\b).+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?P<thing>(?:one|two|three|a few) .+ (?:less|fewer))$", re.IGNORECASE),
    re.compile(r"^(?:there (?:is|are) )?(?P<thing>too (?:many|much) .+)$", re.IGNORECASE),
    re.compile(r"^(?P<thing>.+?) (?:is|are) (?:one )?too (?:much|many)$", re.IGNORECASE),
    re.compile(r"^(?P<thing>nothing (?:else|but|except) ?.*)$", re.IGNORECASE),
    re.compile(
        r"^(?:there should(?:n't| not) be|(?:there should be )?no(?: more)?) (?P<thing>.+)$", re.IGNORECASE
    ),
    re.compile(
        r"^(?:i |we )?(?:do not|don't|dont|never) (?:want|need|like|show|include)(?: to see|"
        r" to have)? (?P<thing>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:make |let |have |can |could )?(?P<thing>.+?) (?:should |must |needs? to |"
        r"has to |have to |can |to |shall )?(?:disappear|vanish|go away|go|be gone|"
        r"be (?:removed|deleted|erased|taken (?:out|away|off)|left out|edited out|cut out|"
        r"hidden)|"
        r"gone|removed|deleted|erased|invisible|not be (?:there|here|visible|in the picture)|"
        r"shouldn't be (?:there|here|visible|in the picture))$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:(?:keep|leave|show) )?(?:only|just) (?P<thing>.+?)(?: (?:should|must|"
        r"may))?(?: (?:be left|remain|stay|left|be there|be visible|behind))*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?P<thing>(?:one|two|a few) (?:fewer|less) .+|fewer .+|less (?:people|cars|things|"
        r"clutter|\w+s))$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:empty|declutter|unclutter|de-?populate|depopulate|tidy up|shave) (?P<thing>.+)$", re.IGNORECASE
    ),
    re.compile(
        r"^(?P<thing>.+?) (?:is|are) (?:disturbing|distracting|annoying|in the way|ugly|"
        r"unwanted|superfluous)(?: me)?$",
        re.IGNORECASE,
    ),
)


_BELONG_TO_THE_PICTURE = re.compile(
    r"\b(?:frame|border|lens flare|dust|square|details?|temperature)$", re.IGNORECASE
)


def removed(said: str) -> Reading | None:  # noqa: PLR0911
    """Something goes."""
    if re.match(
        r"^(?:take|move|get|bring|transport) .+ (?:out of|from) .+ (?:and )?(?:in|on)?to .+",
        said,
        re.IGNORECASE,
    ):
        return Reading(
            "relight", LIKELY, "it asks for another place", "", re.split(r"\s(?=(?:in|on)?to )", said)[-1]
        )
    found = next(filter(None, (pattern.match(said) for pattern in (_REMOVE, *_REMOVE_OTHERS))), None)
    if found is None:
        return None
    thing = re.sub(r"\s+(?:there|here|anymore|any more|any longer)$", "", found["thing"], flags=re.IGNORECASE)
    thing = re.sub(r"^(?:any|all(?: of)?) (?=the |those |these )", "", thing, flags=re.IGNORECASE)
    if is_background(thing):
        return Reading("relight", LIKELY, "what goes is what is behind the things", "", "plain background")
    rest = thing.strip()[len(head(thing)) :]
    of_picture = not rest or words.EVERYTHING.search(rest) or is_background(rest)
    if of_picture and ends(words.WHOLE, thing) and not _BELONG_TO_THE_PICTURE.search(head(thing)):
        return Reading(
            "global", LIKELY, "what goes is a property of the whole picture", "", f"no {head(thing)}"
        )
    if words.COLOUR_NOUN.fullmatch(re.sub(r"^(?:the|all|all the) ", "", head(thing), flags=re.IGNORECASE)):
        return Reading("global", LIKELY, "the picture loses its colours", "", "black and white")
    if is_light(thing):
        return Reading("relight", LIKELY, "what goes is light, shadow or weather", "", f"no {head(thing)}")
    return Reading("remove", SURE, f"'{thing}' is to go", thing)
