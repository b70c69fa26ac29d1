"""What slipway's processes share: no telemetry, no long waits for the network, few collections."""

import gc
import os

QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    # else GitPython, which MLflow imports, complains where there is no Git
    "GIT_PYTHON_REFRESH": "quiet",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # by default an absent tracking server is asked for minutes before anything is said
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
COLLECTED = 50_000
"""Objects made between two collections: heavy libraries make no garbage while they are imported, and looking
for it takes a seventh of the time."""


def settle() -> None:
    """Set what the user has not set; called at the edges, before a heavy library is imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(COLLECTED)
