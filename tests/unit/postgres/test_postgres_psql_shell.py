"""The address that the script for psql is given: what libpq reads of it is what psql is told, with any awk."""

import subprocess

import pytest
from psycopg.conninfo import conninfo_to_dict

from fairlead.postgres.psql.shell import shell
from fairlead.postgres.psql.words import About

ODD, PAIR = "p%40ss%3A%2F%25%C3%A9", "a%40b"
ADDRESSES = [
    "postgres://db",
    f"postgresql://app:{ODD}@db.internal:5433/shop?sslmode=verify-full&sslrootcert=/run/secrets/DB_CA",
    "postgresql://app@[::1]:5432/a%20b",
    f"postgresql://app:{PAIR}@one,two:5433,[fe80::1]/shop?target_session_attrs=read-write",
    "postgresql:///shop?host=/var/run/postgresql&options=-c%20search_path%3Dapp",
    "postgresql://%2Frun%2Fpostgresql/shop",
]


@pytest.fixture
def told(tmp_path, tools):
    """What psql is told of an address, and what else the script said."""
    script, psql = tmp_path / "migrate.sh", tmp_path / "bin" / "psql"
    script.write_text(shell(About("shop", None, "history")))
    psql.parent.mkdir()
    psql.write_text('#!/bin/sh\ncat "$PGSERVICEFILE"\n')
    psql.chmod(0o755)
    env = {"PATH": f"{psql.parent}:{tools()}", "DATABASE_URL_FILE": str(tmp_path / "url")}

    def told(address):
        (tmp_path / "url").write_text(address)
        ran = subprocess.run(["sh", str(script)], env=env, capture_output=True, text=True, check=False)
        head, *lines = ran.stdout.splitlines() or [""]
        return head, dict(line.split("=", 1) for line in lines), ran.stderr

    return told


def test_it_is_what_libpq_reads_of_it(told):
    for address in ADDRESSES:
        head, said, wrong = told(f"{address}\n")
        assert (head, wrong) == ("[fairlead]", ""), address
        wanted = conninfo_to_dict(address)
        limits = said.pop("options")
        assert limits.startswith(f"{wanted.pop('options', '')} -c lock_timeout=500 ".lstrip()), address
        assert said == {name: value for name, value in wanted.items() if value.strip(",")}, address


def test_what_is_no_address_is_said(told, tmp_path):
    wrong = f"what {tmp_path}/url holds is no address of a PostgreSQL database\n"
    assert told("redis://db") == ("", {}, wrong)
