"""Runs the migrations, without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from vtn.store.migrations import HEAD


def configuration(connection: Connection | None = None) -> Config:
    """Returns the configuration of Alembic for the migrations of this package."""
    config = Config()
    # The parser of the configuration takes % for an interpolation.
    folder = str(Path(__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Brings a database to a revision, inside the transaction of the caller."""
    command.upgrade(configuration(connection), revision)
