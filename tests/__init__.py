"""The suite. This is read before all else of it, and before what is imported there."""

import sys

# To rewrite the assertions of every file takes longer than to read them; a run leaves them for the next one to read.
# So it does for Hypothesis, which as a plug-in of pytest is rewritten too: a second and a half.
sys.dont_write_bytecode = False

from fairlead import classes  # noqa: E402

classes.install()  # as in each of Fairlead's programs; a process that runs tests imports hundreds of dataclasses
