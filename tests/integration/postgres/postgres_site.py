"""A database and its folder of migrations, moved through the same operations as by the program."""

import psycopg

from fairlead.masking import Secret
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.migrate import migrate, undo
from fairlead.operations.db.plan import Asked, plan
from fairlead.operations.db.status import status
from fairlead.operations.db.validate import validate
from fairlead.postgres.connection import Settings, address
from fairlead.postgres.events import silent
from fairlead.postgres.files import Folder
from fairlead.postgres.version import Version


class Site:
    def __init__(self, server, name, folder, **settings):
        self.server, self.name, self.folder = server, name, folder
        folder.mkdir(exist_ok=True)
        self.url = server.url(name)
        self.settings = {"lock_timeout": 0.1, "statement_timeout": 30.0, "attempts": 6, **settings}
        self.more = {"out_of_order": False, "placeholders": {}, "secret": frozenset()}

    def write(self, **files):
        """`V1__a="create table a()"`: files by name, without `.sql`; `None` takes one away."""
        for name, text in files.items():
            path = self.folder / (name if "." in name else f"{name}.sql")
            path.parent.mkdir(exist_ok=True)
            path.unlink() if text is None else path.write_text(text)

    @property
    def database(self):
        where = address(Secret(self.url), self.name, several=False)
        folder = Folder(self.folder, "db", self.folder / "contract", "db/contract")
        return Database("db.shop", where, folder, Settings(**self.settings), environment="local", **self.more)

    def migrate(self, emit=silent, wait=5.0, contract=False, target=None):
        """The scripts that ran. Raises what went wrong."""
        asked = Asked(contract, Version(target) if target else None)
        return self._done(migrate([self.database], asked, wait, emit))

    def undo(self, to=None, steps=1):
        return self._done(undo([self.database], Version(to) if to else None, steps))

    @staticmethod
    def _done(moved):
        (one,) = moved
        if one.error:
            raise one.error
        return list(one.done)

    def plan(self, **asked):
        return plan([self.database], Asked(**asked))[0]

    def status(self):
        return status([self.database])[0]

    def states(self):
        return [(entry.script, entry.state.value) for entry in self.status().picture.entries]

    def validate(self):
        return validate([self.database])[0]

    def connect(self, **more):
        return psycopg.connect(self.url, autocommit=True, **more)

    def ask(self, query, *values):
        with self.connect() as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else None

    def rows(self):
        """The history: rank, version, type, script, success."""
        return self.ask(
            "select installed_rank, version, type, script, success from flyway_schema_history order by installed_rank"
        )

    def tables(self):
        rows = self.ask("select tablename from pg_tables where schemaname = 'public' order by 1")
        return [name for (name,) in rows if not name.startswith("flyway_")]
