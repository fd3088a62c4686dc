"""``seqtune ui``: MLflow's pages on a home."""

from typing import Annotated

import typer

from tuning.cli.options import VAR, HomeOption, existing_home
from tuning.cli.printing import say


def ui(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 5000,
    home: HomeOption = VAR,
) -> None:
    """Serve the MLflow UI until Ctrl-C.

    Example: seqtune ui --port 5001
    """
    place = existing_home(home)
    from tuning.tracking.ui import ui as serve

    serve(place, host=host, port=port, say=say)
