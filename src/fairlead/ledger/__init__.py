"""The append-only log of everything that happened; history, status, audit and recovery are read from it."""

from fairlead.ledger.entry import Entry, TreeHead
from fairlead.ledger.ledger import Ledger
from fairlead.ledger.verify import Verification, verify

__all__ = ["Entry", "Ledger", "TreeHead", "Verification", "verify"]
