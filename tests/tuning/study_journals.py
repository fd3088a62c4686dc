"""Former name of ``comparison_journals``."""

from comparison_journals import Run, config, events, record, table, write

__all__ = ["Run", "config", "events", "record", "table", "write"]
