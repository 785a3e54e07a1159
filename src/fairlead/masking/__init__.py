"""The type that carries a secret and never prints itself, and how text that may hold one is made fit to be shown."""

from fairlead.masking.known import MASK, concealed, concealed_data
from fairlead.masking.secret import Secret
from fairlead.masking.text import NAMES, masked

__all__ = ["MASK", "NAMES", "Secret", "concealed", "concealed_data", "masked"]
