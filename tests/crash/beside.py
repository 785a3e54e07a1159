"""What goes on beside a test for as long as it lasts."""

import threading


class Beside:
    """`work` in threads of its own inside `with`; it ends when `over` is set."""

    threads = 1

    def __init__(self, arena):
        self.arena, self.over = arena, threading.Event()
        self._threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self._threads:
            thread.join()

    def work(self):
        """Until `over`."""
        raise NotImplementedError
