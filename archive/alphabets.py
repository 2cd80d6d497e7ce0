"""Which of the encodings that share most bytes a text in Latin letters is in: that of the alphabet of its language.

The same byte is ş in Windows-1254, þ in Windows-1252 and ţ in ISO 8859-2; no statistics of bytes tells them apart as
well as the language does that the other letters are in.
"""

from archive.language import detect_language

_CENTRAL = ("cp1250", "iso8859-2", "mac_latin2", "cp852")
_WESTERN = ("cp1252", "mac_roman", "cp850")

_ALPHABETS: dict[str, tuple[tuple[str, ...], str]] = {
    "cs": (_CENTRAL, "áčďéěíňóřšťúůýž"),
    "sk": (_CENTRAL, "áäčďéíĺľňóôŕšťúýž"),
    "pl": (_CENTRAL, "ąćęłńóśźż"),
    "hu": (_CENTRAL, "áéíóöőúüű"),
    "hr": (_CENTRAL, "čćđšž"),
    "sl": (_CENTRAL, "čšž"),
    "ro": ((*_CENTRAL, "iso8859-16"), "ăâîşţșț"),
    "tr": (("cp1254", "cp857"), "çğıöşüâîûi̇"),
    "az": (("cp1254",), "çğıöşüəi̇"),
    "lt": (("cp1257", "iso8859-13"), "ąčęėįšųūž"),
    "lv": (("cp1257", "iso8859-13"), "āčēģīķļņšūž"),
    "et": (("cp1257", "cp1252"), "äõöüšž"),
    "vi": (("cp1258",), "ăâđêôơưáàéèíóúý"),
    "fr": (_WESTERN, "àâæçéèêëîïôœùûüÿ"),
    "de": (_WESTERN, "äöüß"),
    "es": (_WESTERN, "áéíñóúü¿¡"),
    "pt": (_WESTERN, "ãáàâçéêíõóôúü"),
    "it": (_WESTERN, "àéèìîòóùú"),
    "nl": (_WESTERN, "áéèëïíóöü"),
    "sv": (_WESTERN, "åäöé"),
    "da": (_WESTERN, "æøåé"),
    "no": (_WESTERN, "æøåéòô"),
    "nb": (_WESTERN, "æøåéòô"),
    "fi": (_WESTERN, "äöå"),
    "is": (_WESTERN, "áðéíóúýþæö"),
    "ca": (_WESTERN, "àçéèíïóòúü·"),
    "en": (_WESTERN, "éèêïôöüçñáâ£"),
}
"""The encodings in which texts of a language are found, the commonest first, and its letters beyond ASCII."""

_PUNCTUATION = frozenset("‘’“”„‚«»‹›–—…•·§°©®™€£½¼¾²³¡¿´\xa0\xad")


def by_alphabet(data: bytes, guessed: str) -> str:
    """The encoding of these bytes, of which `guessed` says at least which script they are in.

    A text in other than Latin letters, or in a language of which too little is there, stays what was guessed.
    """
    text = data.decode(guessed, "replace")
    beyond = [character for character in text if character > "\x7f" and character.isalpha()]
    if not beyond or sum(character < "ɐ" for character in beyond) < 0.9 * len(beyond):
        return guessed
    language = detect_language(text) or detect_language("".join(each for each in text if each <= "\x7f"))
    if language not in _ALPHABETS:
        return guessed
    encodings, letters = _ALPHABETS[language]
    known = frozenset(letters + letters.upper()) | _PUNCTUATION
    return max((*encodings, guessed), key=lambda name: _fitting(data, name, known))


def _fitting(data: bytes, name: str, known: frozenset[str]) -> int:
    """How many of the characters beyond ASCII are those of the language, less those that are not."""
    found = [character for character in data.decode(name, "replace") if character > "\x7f"]
    return sum(1 if character in known else -1 for character in found)
