"""The migrations of a database as scripts for psql, which needs nothing of Fairlead. Pure: files in, files out.

They do what `run.py` does, and leave what it leaves: the same rows in Flyway's table and in ours beside it, so that
either goes on where the other ended. What is decided by the history is asked of the database as they run.
"""
