"""Which encoding a person's text is in, where it is not UTF-8: a mark, or a guess by its letters.

The guess ranks encodings by charset-normalizer's measures of mess and of familiar letters. Among
those that score alike, the more common one is taken: by itself the library names Central European
for Western European texts, of which it reads `ñ` as `ń`.
"""

import codecs

from charset_normalizer import from_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the first half of it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The more common of two that score alike stands first.
CANDIDATES = (
    *("cp1252", "cp1251", "cp1250", "cp1253", "cp1255", "cp1254", "cp1256"),
    *("koi8_r", "shift_jis", "gb18030", "big5", "euc_kr", "euc_jp", "mac_roman"),
)
ALIKE = 0.05  # of the score: mess from 0 to 1, less the share of familiar letters
SAMPLE_BYTES = 100_000
MAX_MESS = 0.2


def marked_encoding(data: bytes) -> str | None:
    """Return the encoding that a byte order mark tells, if there is one."""
    return next((name for mark, name in MARKS if data.startswith(mark)), None)


def guess_encoding(data: bytes) -> str | None:
    """Return the likeliest of `CANDIDATES`, as Python names it, or None if this is no text.

    Args:
        data: A whole file that is not UTF-8 and has no mark.
    """
    sample = _telling_lines(data)
    scores = {name: score for name in CANDIDATES if (score := _score(sample, name)) is not None}
    best = min(scores.values(), default=0.0)
    likely = (name for name, score in scores.items() if score <= best + ALIKE)
    return next((name for name in likely if _can_read(data, name)), None)


def _telling_lines(data: bytes) -> bytes:
    """Return the first lines that hold more than ASCII, the only ones that tell anything."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
        if size > SAMPLE_BYTES:
            break
    return b"".join(lines)[:SAMPLE_BYTES]


def _score(sample: bytes, encoding: str) -> float | None:
    found = from_bytes(sample, cp_isolation=[encoding], threshold=MAX_MESS).best()
    return None if found is None else found.chaos - found.coherence


def _can_read(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
