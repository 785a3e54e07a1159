"""How long a file of a hundred secrets takes to be made, opened and changed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyrage
from tables import Table, median

from fairlead.masking import Secret
from fairlead.secrets.age_file import AgeFile
from fairlead.secrets.generate import generate

COUNT, TIMES = 100, 21


def measure() -> list[Table]:
    identity = pyrage.x25519.Identity.generate()
    mine = str(identity.to_public())
    values = {f"SECRET_{number}": generate("hex").reveal() for number in range(COUNT)}
    with tempfile.TemporaryDirectory() as folder:
        file = AgeFile(Path(folder) / "secrets" / "test.yaml", "test", {"HOME": folder, "SOPS_AGE_KEY": str(identity)})

        def made() -> None:
            file.path.unlink(missing_ok=True)
            file.create([mine], values)

        acts: dict[str, tuple[Callable[[], object], str]] = {
            "make the file": (made, ""),
            "decrypt all, check the MAC": (lambda: file.get(list(values)), "≤ 200"),
            "change one value": (lambda: file.set({"SECRET_5": Secret(generate("hex").reveal())}), ""),
            "a new data key": (lambda: file.take([]), ""),
        }
        rows = [(name, f"{median(lambda act=act: _seconds(act), TIMES) * 1000:.0f}", wanted)
                for name, (act, wanted) in acts.items()]  # fmt: skip
    note = f"A file of {COUNT} secrets on disk, in one process; median of {TIMES} runs."
    return [Table("Secrets", ("act", "ms", "wanted"), rows, note)]


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
