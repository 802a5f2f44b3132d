"""gunicorn's own complaints in the same form as our lines."""

from gunicorn.config import Config
from gunicorn.glogging import Logger


class ServerLog(Logger):
    """Hands on to our handler: it takes out tokens, which a complaint about a header would show."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
