"""Who can open a file: more or fewer of them, with the same data key or a new one; and a file made new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairlead.errors import FairleadError
from fairlead.secrets.sops import cipher
from fairlead.secrets.sops.cipher import Unreadable
from fairlead.secrets.sops.document import Document, Splice, comments, key_text, parse, replaced, spliced
from fairlead.secrets.sops.file import Opened, now, refuse_open, resealed, sealed
from fairlead.secrets.sops.metadata import SECTION, SUFFIX, VERSION, Wrapped
from fairlead.secrets.sops.wrapping import wrap


def rewrapped(opened: Opened, recipients: Sequence[str]) -> str:
    """The text with these recipients, and the same data key: whoever could read it before, still can.

    Those that were there keep what they have. FairleadError for what is no recipient.
    """
    there = {one.recipient: one for one in opened.document.metadata.age}
    wrapped = [there.get(one) or wrap(opened.key, [one])[0] for one in dict.fromkeys(recipients)]
    return resealed(_with_recipients(opened.document, wrapped), opened.document.file, opened.key)


def rekeyed(opened: Opened, recipients: Sequence[str]) -> str:
    """The text with a new data key for these recipients, everything encrypted anew.

    FairleadError when the file has keys of other kinds too, for which Fairlead cannot wrap the new one.
    """
    document = opened.document
    if document.metadata.others:
        what = (
            f"{document.file} has keys of other kinds ({', '.join(document.metadata.others)}), which only sops can use"
        )
        raise FairleadError(what, f"run `sops rotate --in-place {document.file}`")
    key = cipher.new_key()
    splices = [
        replaced(document, leaf.scalar, cipher.seal(opened.plain[name], key, cipher.place(leaf.keys)))
        for name, leaf in document.leaves.items()
        if leaf.encrypted
    ]
    text = spliced(document.text, [*splices, *_recipient_splices(document, wrap(key, recipients))])
    for old, places in comments(document).items():
        text = text.replace(old, _comment(old, places, opened.key, key))
    return resealed(text, document.file, key)


def _comment(old: str, places: Sequence[Sequence[str]], key: bytes, new: bytes) -> str:
    for keys in places:
        try:
            return cipher.seal(cipher.unseal(old, key, cipher.place(keys)), new, cipher.place(keys))
        except Unreadable:
            continue
    return old


def _with_recipients(document: Document, wrapped: Sequence[Wrapped]) -> str:
    return spliced(document.text, _recipient_splices(document, wrapped))


def _recipient_splices(document: Document, wrapped: Sequence[Wrapped]) -> list[Splice]:
    section = document.root.items[SECTION][1]
    key = document.metadata.age_key
    if key is None or document.root.flow or getattr(section, "flow", True):
        what = f"{document.file}: its recipients are written in a way that Fairlead does not change"
        raise FairleadError(what, "change them with `sops updatekeys`")
    start = key.start - key.column
    end = _end_of_block(document.text, start, key.column)
    return [(start, end, _age_block(wrapped, key.column))]


def _end_of_block(text: str, start: int, column: int) -> int:
    """Where the lines below a key end: at the next that is not indented more, but for items of its list."""
    at = text.find("\n", start) + 1
    while 0 < at < len(text):
        line = text[at : text.find("\n", at) if "\n" in text[at:] else len(text)]
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and indent <= column and not (indent == column and line.lstrip().startswith("- ")):
            return at
        at += len(line) + 1
    return len(text)


def _age_block(wrapped: Sequence[Wrapped], column: int) -> str:
    outer = " " * column
    lines = [f"{outer}age:"]
    for one in wrapped:
        lines += [f"{outer}    - recipient: {one.recipient}", f"{outer}      enc: |"]
        lines += [f"{outer}        {line}" for line in one.enc.strip().splitlines()]
    return "\n".join(lines) + "\n"


def created(values: Mapping[str, str], recipients: Sequence[str], file: str) -> str:
    """The text of a new file. FairleadError for what is no recipient."""
    key, moment = cipher.new_key(), now()
    lines = [f"{key_text(name)}: {sealed(value, key, (name,)) or chr(34) * 2}\n" for name, value in values.items()]
    about = (
        f'    lastmodified: "{moment}"\n    mac: pending\n    unencrypted_suffix: {SUFFIX}\n    version: {VERSION}\n'
    )
    text = "".join(lines) + f"{SECTION}:\n" + _age_block(wrap(key, recipients), 4) + about
    document = parse(text, file)
    for name in values:
        refuse_open(document, name, (name,))
    return resealed(text, file, key)
