"""The tables as this version needs them; a job of its own, before anything of the release starts."""

import psycopg

from app import settings

TABLES = """
create table if not exists document (
    id bigint generated always as identity primary key, name text not null, size bigint not null,
    added timestamptz not null default now(), indexed timestamptz
)
"""

if __name__ == "__main__":
    migrator = {"user": "practice_migrator", "password": settings.value("DB_PRACTICE_MIGRATOR_PASSWORD")}
    with psycopg.connect(settings.DATABASE_URL, **migrator) as connection:
        connection.execute(TABLES)
    print("the tables are there")
