"""MLflow's server with other defaults in the browser: model training, and each experiment's leaderboard.

MLflow keeps in the browser's storage whether its pages are those of language models (the default) or of model training,
and how an experiment's table looks; a server cannot set either.  The start page that this app serves therefore begins
with a script that sets what the browser has not stored yet.  Whatever a user changes stays.

Two apps of MLflow's (entry points ``mlflow.app``), chosen by ``mlflow server --app-name seqtune``, or ``seqtune-users``
for a server with users.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tuning.tracking.layout import Tag
from tuning.tracking.view import NAME, PREFIX, TRIALS

if TYPE_CHECKING:
    from flask import Flask, Request

DEFAULTS = {
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
}
"""Key of the browser's storage -> value: the pages of model training; the assistant, which covers a quarter, closed."""

TABLE = 'MLflowLocalStorage-1.1-ExperimentPage-["{}"]-ReactComponentState'
"""Key of the table of an experiment."""

MOST = 500
"""Experiments whose tables are set, the latest."""


SEARCH = "/api/2.0/mlflow/experiments/search"


def create_app() -> Any:
    """Return MLflow's app, whose start page sets the defaults."""
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app

    _set_defaults(pages)
    return app


def create_app_with_users() -> Any:
    """Return MLflow's app ``basic-auth``, whose start page sets the defaults."""
    from mlflow.server import app as pages
    from mlflow.server.auth import create_app as with_users

    app = with_users(pages)
    _set_defaults(pages)
    return app


def _set_defaults(pages: "Flask") -> None:
    """Let the start page of a Flask app begin with the script."""
    from flask import request

    def never_cached() -> None:  # the browser may have the page of another server of this address
        if request.path == "/":
            request.environ.pop("HTTP_IF_NONE_MATCH", None)
            request.environ.pop("HTTP_IF_MODIFIED_SINCE", None)

    def with_defaults(response: Any) -> Any:
        if request.path == "/" and response.status_code == 200 and response.mimetype == "text/html":  # noqa: PLR2004
            script = defaults_script(_experiments(pages, request))
            response.direct_passthrough = False
            response.set_data(response.get_data(as_text=True).replace("<head>", f"<head><script>{script}</script>", 1))
            response.headers["Cache-Control"] = "no-store"
            for header in ("ETag", "Last-Modified"):
                response.headers.pop(header, None)
        return response

    pages.before_request(never_cached)
    pages.after_request(with_defaults)


def _experiments(pages: "Flask", request: "Request") -> list[tuple[str, dict[str, str]]]:
    """Return id and tags of the latest experiments with campaigns that whoever asks for the page may read."""
    names = ("Authorization", "Cookie")
    found = pages.test_client(use_cookies=False).post(
        SEARCH,
        json={"filter": f"tags.`{Tag.CAMPAIGN}` != ''", "max_results": MOST},
        headers={name: request.headers[name] for name in names if name in request.headers},
        base_url=request.host_url,
    )
    experiments = found.get_json().get("experiments", []) if found.status_code == 200 else []  # noqa: PLR2004
    return [(one["experiment_id"], {tag["key"]: tag["value"] for tag in one.get("tags", [])}) for one in experiments]


def defaults_script(experiments: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    """Return the script.  experiments: id and tags of each."""
    values = dict(DEFAULTS)
    for experiment, tags in experiments:
        if (state := _latest_leaderboard(tags)) is not None:
            values[TABLE.format(experiment)] = json.dumps(state | {"searchFilter": TRIALS})
    text = json.dumps(values).replace("<", "\\u003c")  # a name must not end the script
    return (
        f"try{{for(const[k,v]of Object.entries({text}))if(localStorage.getItem(k)===null)localStorage.setItem(k,v)}}"
        "catch{}"  # a browser without storage
    )


def _latest_leaderboard(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the state of the latest campaign's view; None where there is none, or users have saved others instead."""
    views = []
    for name, value in tags.items():
        if name.startswith(PREFIX):
            try:
                view = json.loads(value)
                if view["name"] == NAME:
                    views.append((view["createdAt"], json.loads(view["state"])))
            except (ValueError, TypeError, KeyError):  # MLflow compresses what users save
                continue
    return max(views, key=lambda view: view[0])[1] if views else None
