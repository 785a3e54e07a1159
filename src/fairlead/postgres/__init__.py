"""PostgreSQL: how the schema of a database moves. Files and history as Flyway has them, run by rules of our own.

Pure, without a connection: `version`, `names`, `checksum`, `tokens`, `statements`, `traits`, `picture`, `plan`, `lint`.
With one: `connection`, `history`, `journal`, `lock`, `indexes`, `run`.
"""
