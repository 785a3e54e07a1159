"""The type that carries a secret and never prints itself."""

from __future__ import annotations

from typing import NoReturn

from fairlead.masking.known import MASK, learn


class Secret:
    """A value that shows as a mask in str(), repr(), formats and tracebacks; `reveal()` is the one way to it.

    From its making on, the value is masked in what this process prints or writes by itself. JSON and pickle refuse
    it: whoever wants it in a file says so with `reveal()`. A copy is the same object. False when it is empty.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if learn(value):
            from fairlead.masking.records import conceal_records  # noqa: PLC0415 — brings logging, 5 ms

            conceal_records()
        self._value = value

    def reveal(self) -> str:
        """The value itself; call it at the last moment, where the value leaves for its reader."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """In a time that does not depend on where they differ."""
        from hmac import compare_digest  # noqa: PLC0415 — start-up is part of the product

        mine = self._value.encode(errors="surrogatepass")
        return isinstance(other, Secret) and compare_digest(mine, other._value.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")
