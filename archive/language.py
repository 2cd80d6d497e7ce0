"""The language of a text: what a source calls it, or what it looks like."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_CHARACTERS = 60
"""A text with fewer characters is too short to tell its language; for Chinese and Japanese a third of them do."""

MAX_CHARACTERS = 2_000
"""More than this does not make the answer better."""

MIN_PROBABILITY = 0.9

_THREE_LETTERS = {
    "ara": "ar", "amh": "am", "ces": "cs", "chi": "zh", "cmn": "zh", "cze": "cs", "dan": "da", "deu": "de", "dut": "nl",
    "ell": "el", "eng": "en", "fas": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "ger": "de", "gre": "el", "hau": "ha",
    "heb": "he", "hin": "hi", "hun": "hu", "ibo": "ig", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "kur": "ku",
    "lin": "ln", "lug": "lg", "nld": "nl", "nor": "no", "orm": "om", "per": "fa", "pol": "pl", "por": "pt", "ron": "ro",
    "rum": "ro", "run": "rn", "rus": "ru", "sna": "sn", "som": "so", "spa": "es", "swa": "sw", "swe": "sv", "tir": "ti",
    "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "xho": "xh", "yor": "yo", "zho": "zh", "zul": "zu",
}  # fmt: skip


def clean_language(code: str | None) -> str | None:
    """The primary subtag of a language code (BCP 47) in lower case, two letters where there are; None for rubbish."""
    primary = (code or "").strip().lower().replace("_", "-").partition("-")[0]
    primary = _THREE_LETTERS.get(primary, primary)
    known = len(primary) in (2, 3) and primary.isascii() and primary.isalpha() and primary not in ("und", "mul", "zxx")
    return primary if known else None


def detect_language(text: str) -> str | None:
    """The two-letter code of the language that a text is in, or None where it is too short or too mixed to be sure."""
    sample = text[:MAX_CHARACTERS]
    wide = sum(character > "\u2e7f" for character in sample)
    if len(sample) + 2 * wide < MIN_CHARACTERS:
        return None
    language, probability = _identifier().classify(sample)
    return str(language) if probability >= MIN_PROBABILITY else None


@cache
def _identifier() -> "LanguageIdentifier":
    """Loaded when it is first needed, since it takes most of a second."""
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_modelpath(MODEL_DIR / MODEL_FILE, norm_probs=True)
    # Without the languages that have no two-letter code: most are dialects that share the probability of a larger one.
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    return identifier
