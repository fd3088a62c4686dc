"""``seqtune schema``: the JSON Schema of a campaign file."""


def schema() -> None:
    """Print the JSON Schema of a campaign file, for editors.

    Example: seqtune schema > campaign.schema.json
    """
    from tuning.campaign.file import json_schema
    from tuning.cli.printing import say_json

    say_json(json_schema())
