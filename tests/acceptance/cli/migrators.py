"""Projects of other tools that move a schema, as small as they can be: Alembic, Django, and a double of Prisma."""

ALEMBIC_INI = "[alembic]\nscript_location = alembic\n"
ALEMBIC_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine

url = "postgresql+psycopg://" + os.environ["DATABASE_URL"].partition("://")[2]
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
from alembic import op

revision, down_revision = {revision!r}, {before!r}


def upgrade():
    op.execute({sql!r})
"""

DJANGO_SETTINGS = """\
import os
from urllib.parse import urlsplit

url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password,
    "HOST": url.hostname, "PORT": url.port,
}}
INSTALLED_APPS = ["orders"]
SECRET_KEY = os.urandom(8).hex()
"""
DJANGO_MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [migrations.CreateModel("Order", fields=[("id", models.BigAutoField(primary_key=True))])]
"""

PRISMA = '''\
"""What `prisma migrate deploy` does to a database, and nothing else: its arguments, lock, table and folders."""

import os
import sys
import uuid
from pathlib import Path

import psycopg

assert sys.argv[1:] == ["migrate", "deploy"], sys.argv
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    if not connection.execute("SELECT pg_try_advisory_lock(72707369)").fetchone()[0]:
        sys.exit("Error: P1002: Timed out trying to acquire a postgres advisory lock")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,"
        " finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,"
        " started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)"
    )
    for folder in sorted(Path("prisma/migrations").iterdir()):
        done = connection.execute("SELECT 1 FROM _prisma_migrations WHERE migration_name = %s", (folder.name,))
        if folder.is_dir() and not done.fetchone():
            print(f"Applying migration `{folder.name}`", flush=True)
            connection.execute((folder / "migration.sql").read_text())
            connection.execute(
                "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)"
                " VALUES (%s, '', now(), %s, 1)", (str(uuid.uuid4()), folder.name),
            )
'''


def write(app, name, text):
    path = app / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def revise(app, revision, before, sql):
    """Another revision of Alembic's."""
    write(app, f"alembic/versions/{revision}.py", REVISION.format(revision=revision, before=before, sql=sql))


def all_of(app):
    """The folder of a service that has all three, each with its first migration."""
    write(app, "alembic.ini", ALEMBIC_INI)
    write(app, "alembic/env.py", ALEMBIC_ENV)
    limits = "select current_setting('lock_timeout') as locks, current_setting('statement_timeout') as statements"
    revise(app, "0001", None, f"create table limits as {limits}")
    write(app, "settings.py", DJANGO_SETTINGS)
    write(app, "orders/__init__.py", "")
    write(app, "orders/migrations/__init__.py", "")
    write(app, "orders/migrations/0001_initial.py", DJANGO_MIGRATION)
    write(app, "prisma.py", PRISMA)
    write(app, "prisma/migrations/20260101000000_init/migration.sql", 'CREATE TABLE "User" (id int)')
