"""Logs: one line per event on standard error, logfmt or JSON."""

import logging
import sys

import structlog

_QUIET = {
    "uvicorn": "warning",
    "uvicorn.error": "error",
    "asyncio": "error",  # its warnings tell of clients that went away
    "apscheduler": "warning",
    "httpx": "warning",
    "httpcore": "warning",
}


def set_up(level: str, form: str) -> None:
    """Send all logs to standard error. `form` is `logfmt` or `json`; libraries speak only of what matters."""
    render: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            _escaped,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False),
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least.upper())


def _escaped(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    r"""The event without control characters, which would act on the terminal of whoever reads the log: \x1b for ESC.

    Ends of lines are the renderer's matter.
    """
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = "".join(map(_shown, value))
    return event


def _shown(character: str) -> str:
    return character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
