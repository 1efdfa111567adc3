"""Small repairs of English that sampling makes necessary: articles, blanks, commas."""

import re
import unicodedata

_ARTICLE = re.compile(r"(?<![\w'-])(a|an|A|An)(\s+)(?=([^\W\d_][\w'-]*))")
_AN_BEFORE_CONSONANT_LETTER = re.compile(r"(?:hour|honest|hono[u]?r|heir)")
_A_BEFORE_VOWEL_LETTER = re.compile(
    r"(?:uni(?!n|m)|use|usu|usa|uti|ute|ura|ubi|uk|eu|ewe|one(?![a-z])|one-|once|ufo)",
)
_SINGLE_LETTER_AN = re.compile(r"[fhlmnrsx](?:-|$)")
_SINGLE_LETTER_A = re.compile(r"[u](?:-|$)")


def starts_with_vowel_sound(word: str) -> bool:
    """Whether a word takes "an": a vowel rule with the common exceptions ("hour", "unicorn", "x-ray")."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    if _SINGLE_LETTER_AN.match(plain) or _AN_BEFORE_CONSONANT_LETTER.match(plain):
        return True
    if _SINGLE_LETTER_A.match(plain) or _A_BEFORE_VOWEL_LETTER.match(plain):
        return False
    return plain[:1] in set("aeiou")


def correct_articles(text: str) -> str:
    """Turn "a orange fish" into "an orange fish" and "an red fish" into "a red fish".

    A capital "A" is only taken for an article at the start of a sentence ("vitamin A extract" stays).
    """

    def corrected(match: re.Match[str]) -> str:
        article, blank, word = match.groups()
        before = text[: match.start()].rstrip()
        if article[0] == "A" and before and before[-1] not in ".!?:;\"'(":
            return match.group(0)
        return article[0] + ("n" if starts_with_vowel_sound(word) else "") + blank

    return _ARTICLE.sub(corrected, text)


def tidy(text: str) -> str:
    """Collapse blanks, and drop the blanks and commas that an empty option leaves behind."""
    text = " ".join(text.split())
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    return re.sub(r"^[,;\s]+|[,;\s]+$", "", text)
