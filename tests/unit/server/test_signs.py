"""What wakes the keeper."""

import subprocess
from pathlib import Path

from fairlead.server.signs import Signs, wait
from fairlead.supervisor.survivors import have_starts
from fairlead.system import processes
from fairlead.system.home import Place


def test_the_end_of_what_outlived_its_supervisord_is_a_sign(tmp_path: Path):
    place = Place(tmp_path)
    folder = place.instances / "0123456789ab.web.1"
    folder.mkdir(parents=True)
    have_starts(folder / "starts")
    with subprocess.Popen(["sleep", "600"]) as child:
        one = processes.look(child.pid)
        with (folder / "starts").open("a") as starts:
            starts.write(f"{one.pid} {one.started}\n")
        signs = Signs(place)
        watched = signs.pids()
        child.kill()
        assert watched == {child.pid}
        assert wait(None, watched, 60) == (False, True)
    assert signs.pids() == set()
