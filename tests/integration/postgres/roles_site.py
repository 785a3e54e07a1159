"""A database that names who uses it, on a real server."""

import psycopg
from postgres_site import Site

from fairlead.masking import Secret
from fairlead.postgres.connection import address
from fairlead.postgres.isolation.attempts import Actor
from fairlead.postgres.isolation.probe import Subject, examine
from fairlead.postgres.roles import reconcile
from fairlead.postgres.roles.wanted import wanted
from fairlead.project.database_roles import Roles, phrase_of, side_of
from fairlead.project.stack_rights import Rights, RowSecurity, User

OWN = RowSecurity("orders", "owner_id = current_setting('app.user', true)::int", ("web",))
TABLES = """
CREATE TABLE orders (id serial PRIMARY KEY, owner_id int);
CREATE TABLE notes (text text);
CREATE TABLE flyway_schema_history (x int);
INSERT INTO orders (owner_id) VALUES (1), (1), (2);
"""


class RolesSite(Site):
    """`web` reads and writes, `reports` reads."""

    def __init__(self, server, name, folder, rows=(OWN,)):
        super().__init__(server, name, folder)
        users = (User("web", "rw", 20), User("reports", "ro", statement_timeout=5))
        self.rights = Rights(name, users, rows, ("flyway_schema_history", "flyway_schema_history_fairlead"))
        self.passwords = {"web": Secret("b:w-1"), "reports": Secret("r-1")}
        self.more_wanted = {}
        self.roles = Roles(name)
        self.where = address(Secret(self.url), name, several=True)

    @property
    def wanted(self):
        return wanted(self.rights, self.passwords, Secret("m-1"), **self.more_wanted)

    def reconcile(self):
        return reconcile.reconcile(self.where, self.wanted)

    def left(self):
        return [one.what for one in reconcile.look(self.where, self.wanted)]

    def role(self, service):
        return self.roles.login(service, side_of(self.passwords[service]))

    def as_(self, service):
        """A connection of that service; of `migrator` too."""
        if service == "migrator":
            role, password = self.roles.migrator, "m-1"
        else:
            role, password = self.role(service), phrase_of(self.passwords[service]).reveal()
        return psycopg.connect(self.url, user=role, password=password, autocommit=True)

    def refused(self, service, sql):
        with self.as_(service) as connection:
            try:
                connection.execute(sql)
            except psycopg.Error as error:
                return error.sqlstate
        return None

    def isolation(self):
        """What was found, but for the server of these tests, which lets in without a password."""
        actors = [Actor(self.roles.migrator), Actor(self.role("web"), "web", "rw"),
                  Actor(self.role("reports"), "reports", "ro")]  # fmt: skip

        def reach(actor, database):
            return {**self.where.parameters, "user": actor.role, "dbname": database, "password": "x"}

        report = examine(Subject("db.shop", self.where, self.wanted, actors, reach))
        return report, sorted({(one.role, one.what) for one in report.breaches if one.role != "pg_hba.conf"})
