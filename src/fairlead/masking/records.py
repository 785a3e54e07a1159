"""Log records of libraries, without the values that this process knows: for every handler, whoever made it."""

from __future__ import annotations

import logging
import traceback
from contextlib import suppress
from typing import Any

from fairlead.masking.known import concealed


def conceal_records() -> None:
    """Have each record concealed where it is made. A second call changes nothing.

    A filter on a logger sees no record of the loggers below it, and one on a handler none of other handlers; all
    records come from one factory.
    """
    make = logging.getLogRecordFactory()
    if isinstance(make, _Factory):
        return
    logging.setLogRecordFactory(_Factory(make))


class _Factory:
    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **more: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **more)
        with suppress(TypeError, ValueError, KeyError):  # arguments that do not fit; logging would print them raw
            record.msg = record.getMessage()
        record.msg, record.args = concealed(str(record.msg)), None
        if record.exc_info and record.exc_info[0]:
            text = "".join(traceback.format_exception(*record.exc_info))
            record.exc_text = concealed(text.rstrip("\n"))  # which a formatter takes in place of making its own
        record.stack_info = concealed(record.stack_info) if record.stack_info else record.stack_info
        return record
