"""``seqtune schema``: the JSON Schema of a campaign file."""

import typer


def schema() -> None:
    """Print the JSON Schema of a campaign file, for editors.

    Example: seqtune schema > campaign.schema.json
    """
    from tuning.campaign.file import json_schema
    from tuning.journal.text import json_text

    typer.echo(json_text(json_schema()))
