"""The database's schema, step by step (Alembic)."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
