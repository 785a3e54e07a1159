"""What a Redis says of itself, and a Redis that reads what is restored."""

import shutil
import subprocess

import pytest

from fairlead.backups.redis import Live, Trial, counted, keys_of
from fairlead.backups.sealing import Damaged
from fairlead.backups.shell import Here
from fairlead.errors import FairleadError
from fairlead.system import clock
from fairlead.system.clock import wait_until

SAID = """[offset 0] Checking RDB file dump.rdb
[offset 27] AUX FIELD redis-ver = '7.0.15'
[info] 1200 keys read
[info] 7 expires
[info] 0 already expired
"""


def test_what_is_counted():
    assert counted(SAID) == {"keys": 1200, "expires": 7}
    assert keys_of({"db0": "keys=3,expires=0,avg_ttl=0", "db4": "keys=2,expires=1,avg_ttl=9"}) == 5
    with pytest.raises(FairleadError, match="CRC"):
        counted("--- RDB ERROR DETECTED ---\nRDB CRC error")


class Saving:
    """A shell beside a Redis that writes its log anew first, and then takes its time for a snapshot."""

    def __init__(self):
        self.refused = self.forked = None
        self.looks = 0

    def run(self, what, script, *arguments):
        if what != "redis-cli":
            return SAID
        if arguments[-1] == "BGSAVE" and self.refused is None:
            self.refused = clock.now()
            return "OK\nERR Can't BGSAVE while AOF log rewriting is in progress\n"
        if arguments[-1] == "BGSAVE":
            self.forked = clock.now()
            return "OK\nBackground saving started\n"
        self.looks += 1
        return f"OK\nrdb_bgsave_in_progress:{int(self.looks < 3)}\nrdb_last_bgsave_status:ok\n"


def test_a_snapshot_is_of_its_beginning():
    """What is written to Redis while the snapshot is, is not in it: nobody may believe that it is."""
    shell = Saving()
    moment, said = Live(shell, "/data", "/conf", 6379, {}).save("one")
    assert shell.refused <= moment <= shell.forked
    assert said == SAID


class Own:
    """A Redis of the test's, at a socket."""

    def __init__(self, folder, log):
        argv = ["redis-server", "--port", "0", "--unixsocket", "s", "--dir", ".", "--appendonly", log, "--save", ""]
        self.child = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL)
        self.folder = folder
        assert wait_until(lambda: self.say("PING") == "PONG", 60)

    def say(self, *words):
        argv = ["redis-cli", "-s", "./s", *words]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, check=False).stdout.strip()

    def end(self):
        self.child.terminate()
        self.child.wait()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory, need):
    for program in ("redis-server", "redis-cli", "redis-check-rdb"):
        need(program)
    folder = tmp_path_factory.mktemp("redis")
    own = Own(folder, "no")
    try:
        for n in range(30):
            own.say("SET", f"key:{n}", "value")
        own.say("SAVE")
    finally:
        own.end()
    return (folder / "dump.rdb").read_bytes()


def put(folder, snapshot):
    folder.mkdir()
    trial = Trial(Here(), str(folder), {})
    trial.put(lambda write: write(snapshot))
    return trial


def wanted(snapshot, tmp_path):
    (tmp_path / "one.rdb").write_bytes(snapshot)
    check = [shutil.which("redis-check-rdb"), tmp_path / "one.rdb"]
    return counted(subprocess.run(check, capture_output=True, text=True, check=True).stdout)


@pytest.mark.real
def test_a_redis_with_a_log_reads_no_snapshot_so_what_is_restored_gets_one(snapshot, tmp_path):
    """Without it nothing would be there, and nobody would be told."""
    for log, keys in ((False, "0"), (True, "30")):
        folder = tmp_path / str(log)
        trial = put(folder, snapshot)
        trial.look(wanted(snapshot, tmp_path), log)
        trial.tidy()
        assert sorted(path.name for path in folder.iterdir()) == (["appendonlydir"] if log else []) + ["dump.rdb"]
        own = Own(folder, "yes")
        try:
            assert own.say("DBSIZE") == keys
        finally:
            own.end()


@pytest.mark.real
def test_one_that_is_not_as_it_was_is_damaged(snapshot, tmp_path):
    said = wanted(snapshot, tmp_path)
    flipped = bytearray(snapshot)
    flipped[len(flipped) // 2] ^= 1
    with pytest.raises(Damaged, match="no Redis can read it"):
        put(tmp_path / "flipped", bytes(flipped)).look(said, False)
    with pytest.raises(Damaged, match="and 31 were"):
        put(tmp_path / "fewer", snapshot).look(said | {"keys": 31}, False)


class Killed:
    """A shell where what reads a snapshot ends like this."""

    def __init__(self, said):
        self.said = said

    def run(self, what, script, *arguments):
        return self.said


@pytest.mark.parametrize(
    "said", ["exit 137\n", "cannot allocate\nexit 1\n", "--- RDB ERROR DETECTED ---\nServer crash\nexit 1\n"]
)
def test_one_whose_reader_was_killed_is_not_damaged(said):
    """Marked so it would be pruned, and it may be as whole as it ever was."""
    with pytest.raises(FairleadError) as caught:
        Trial(Killed(said), "/folder", {}).look({"keys": 3, "expires": 0}, False)
    assert not isinstance(caught.value, Damaged)
