"""`zonewright api`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, installation

if TYPE_CHECKING:
    from api.settings import Settings

# The workers' heartbeat files: on a disk, a slow fsync would look like a hung worker.
_MEMORY = "/dev/shm"  # noqa: S108


@click.command()
@click.option("--listen", default="127.0.0.1:8053", show_default=True, metavar="HOST:PORT", help="Where to answer.")
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=16, show_default=True, help="Threads of each process.")
@installation
def api(settings: "Settings", listen: str, workers: int, threads: int) -> None:
    """Run the API with gunicorn, until stopped."""
    from api import logs, metrics

    logs.configure(settings)
    metrics.share(settings, fresh=False)
    application(settings)  # a wrong setting or schema is told here, once, not by every worker
    from gunicorn.app.base import BaseApplication

    from api.app import create_app
    from api.cli.server_log import ServerLog
    from nameserver.names import public_suffixes

    # Threads: a waiting request must not block others. The default time-out of 30 s would cut the longest wait.
    options = {
        "bind": listen,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 60,
        "graceful_timeout": 5,
        "loglevel": "warning",
        "logger_class": ServerLog,
        "proc_name": "zonewright-api",
        "control_socket_disable": True,
        "child_exit": lambda _server, worker: metrics.forget_process(worker.pid),
        "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
    }

    class Server(BaseApplication):
        """gunicorn, told by us instead of by its own command line."""

        def load_config(self) -> None:
            for key, value in options.items():
                if key in self.cfg.settings:
                    self.cfg.set(key, value)

        def load(self) -> Any:
            public_suffixes()  # read before the first request needs them
            return create_app(settings, processes=workers)

    Server().run()
