"""Bytes of a text in whatever encoding they are; a guess is told."""

from typing import NamedTuple

from analysis.core.errors import CorpusError
from analysis.core.table_files import UTF_16, decode_text, refusal, two_bytes_each

SAMPLE = 2**18
"""Bytes of lines with other than plain letters by which an encoding is guessed."""
UTF_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
OF_UNICODE = ["utf_7", "utf_8", "utf_8_sig", "utf_16", "utf_16_be", "utf_16_le"]
OF_UNICODE += ["utf_32", "utf_32_be", "utf_32_le"]
"""Encodings that are known by their marks, or by every byte; none is guessed."""
SHOWN = 60


class InUtf8(NamedTuple):
    """The bytes of a text as UTF-8 or UTF-16, and a sentence where they were others."""

    data: bytes
    note: str = ""


def in_utf8(data: bytes, file: str, encoding: str = "") -> InUtf8:
    """A text as UTF-8 (or UTF-16, which is read too).

    ``encoding``: what it is in, where that is known. CorpusError for several encodings
    in one file, for one that does not fit, and where none can be guessed.
    """
    if encoding:
        return InUtf8(recoded(data, file, encoding))
    if data[:4] in UTF_32:
        return InUtf8(recoded(data, file, "utf-32"), f"{file} is in UTF-32.")
    if data.isascii() or data[:2] in UTF_16 or two_bytes_each(data):
        return InUtf8(data)
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return guessed(data, file)
    return InUtf8(data)


def recoded(data: bytes, file: str, encoding: str) -> bytes:
    """A text of a known encoding as UTF-8."""
    try:
        return data.decode(encoding).encode()
    except (UnicodeError, LookupError) as error:
        raise CorpusError(
            f"“{file}” cannot be read as {encoding[:40]} ({str(error)[:80]}). Name "
            "another encoding, or none to have it found out."
        ) from error


def guessed(data: bytes, file: str) -> InUtf8:
    """A text of an encoding that is guessed from its lines; the guess is told."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    whole = sum(is_utf8(line) for line in lines)
    if whole:
        faults = decode_text(data, file).faults
        error = refusal(file, faults)
        others = f"{whole:,} other lines are UTF-8: the file is in several encodings"
        raise CorpusError(f"{error} In it {others}.", error.faults, error.count)
    from charset_normalizer import from_bytes

    sample = b"\n".join(lines)[:SAMPLE]
    best = from_bytes(sample, cp_exclusion=OF_UNICODE).best()
    if best is None:
        raise refusal(file, decode_text(data, file).faults)
    encoding = best.encoding
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise refusal(file, decode_text(data, file).faults) from error
    line = lines[0].decode(encoding).strip()[:SHOWN]
    return InUtf8(
        text.encode(),
        f"{file} is not UTF-8; it was taken for {encoding}, which is a guess. See "
        f"whether this is right: “{line}”. If it is not, save the file as UTF-8.",
    )


def is_utf8(line: bytes) -> bool:
    """Whether a line is UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
