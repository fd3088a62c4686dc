"""Ray's environment variables, which it reads while it is imported: call ``configure`` before importing ``ray``.

Ray's loggers, state snapshots and console output are off: the journal is the only record.
"""

import os
import secrets
import sys

_ALWAYS = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a call after the end of a launch would start Ray anew
    "RAY_TRAIN_V2_ENABLED": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray ends this process 60 s after its GCS was lost; ``ray_session.supervise`` does so earlier, and in order.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3600",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}


def configure(address: str | None = None) -> None:
    """Set what the user has not set.  address: of a cluster that runs already; None for this machine alone."""
    if "ray" in sys.modules:  # too late
        return
    settings = dict(_ALWAYS)
    if address is None:
        # Despite its name it decides on every system whether Ray's servers listen on all addresses or on 127.0.0.1.
        settings["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # A token for the processes of this launch alone.  Without one Ray writes its own into the user's home folder,
        # where others can read it.
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    elif "RAY_AUTH_TOKEN" in os.environ:
        settings["RAY_AUTH_MODE"] = "token"
    os.environ.update({name: os.environ.get(name, value) for name, value in settings.items()})


def chosen_address(address: str | None) -> str | None:
    """Return the address of the cluster, of the campaign file or of RAY_ADDRESS; None for this machine alone."""
    chosen = address or os.environ.get("RAY_ADDRESS") or "local"
    return None if chosen == "local" else chosen
