"""Commands, arguments and exit codes: 0 all well, 1 a source failed, 2 the configuration is wrong."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from datetime import date

from exporter import __version__, app, check, logs, tables, web
from exporter.api.credential import Credential
from exporter.demo import options as simulated_options
from exporter.demo.server import build_app
from exporter.errors import SettingsError, nearest
from exporter.front.listeners import opened
from exporter.history.command import Wanted, history
from exporter.policy import Policy, hash_key
from exporter.settings import Settings
from exporter.sources import add_flags, load

PROGRAM = "anthropic-exporter"
_REMOTE_WRITE = "--history.remote-write.url"
TERMINATED = 128 + signal.SIGTERM
DEMO_PACE = 6000
"""Requests per minute: the simulated API is on this machine and nobody else's."""


def run(arguments: list[str]) -> int:
    """Run the command that `arguments` name, `serve` if they name none. Its exit code."""
    first, rest = (arguments[0], arguments[1:]) if arguments else ("serve", [])
    if first in ("--version", "-V"):
        return _print(f"{PROGRAM} {__version__}")
    if first in ("--help", "-h", "help"):
        return _print(_overview())
    if first.startswith("-"):
        first, rest = "serve", arguments
    if first not in COMMANDS:
        print(f"{PROGRAM}: no such command: {first}\n\n{_overview()}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[first](rest)
    except SettingsError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def serve(arguments: list[str]) -> int:
    """run the service (the default)"""  # noqa: D400, D403
    settings, _ = _settings(_parser("serve"), arguments)
    key = app.credential(settings, os.environ)
    with opened(settings) as front:
        _say(
            f"metrics at {front.url}/metrics, state at {front.url}/"
            + (f", probes at {front.health_url}" if front.health_url else "")
        )
        asyncio.run(app.serve(settings, key, front))
    return 0


def demo(arguments: list[str]) -> int:
    """run the service against a simulated organization, without a key"""  # noqa: D400, D403
    parser = _parser("demo")
    simulated_options.add_arguments(parser)
    parser.add_argument(
        "--history-to",
        metavar="URL",
        help="push its past days to this receiver of remote write: full dashboards",
    )
    settings, namespace = _settings(parser, _renamed(arguments, "--history-to", _REMOTE_WRITE))
    options = simulated_options.from_arguments(namespace)
    with (
        opened(settings) as front,
        web.listen("the simulated API", "127.0.0.1:0") as simulated,
    ):
        _say(f"a simulated organization of {options.people} people; press Ctrl-C to end it")
        _say(f"  metrics         {front.url}/metrics")
        _say(f"  state of polls  {front.url}/")
        if front.health_url:
            _say(f"  probes          {front.health_url}")
        _say(f"  its Admin API   {web.url_of(simulated)}")
        settings = settings.with_api(base_url=web.url_of(simulated), requests_per_minute=DEMO_PACE)
        if settings.storage.path:
            _say(f"  its days        in memory: {settings.storage.path} is for those of your organization")
            settings = settings.in_memory()
        server = web.server(build_app(options, app.utc_now))
        asyncio.run(app.serve(settings, Credential(key=options.key), front, (server, simulated)))
    return 0


def simulate(arguments: list[str]) -> int:
    """run only the simulated Admin API"""  # noqa: D400, D403
    parser = _parser("simulate")
    parser.add_argument(
        "--listen-address", default="127.0.0.1:10205", metavar="HOST:PORT", help="(default: %(default)s)"
    )
    simulated_options.add_arguments(parser)
    namespace = parser.parse_args(arguments)
    options = simulated_options.from_arguments(namespace)
    logs.set_up("info", "logfmt")
    with web.listen("--listen-address", namespace.listen_address) as listening:
        _say(f"simulated Admin API at {web.url_of(listening)}, its key is {options.key}")
        asyncio.run(app.simulate(web.server(build_app(options, app.utc_now)), listening))
    return 0


def check_command(arguments: list[str]) -> int:
    """probe configuration, key and every endpoint once, and say what is wrong"""  # noqa: D400, D403
    settings, _ = _settings(_parser("check"), arguments)
    for name, level in (("runner", logging.ERROR), ("ledger", logging.CRITICAL)):  # failures are in what `check` says
        logging.getLogger(f"exporter.{name}").setLevel(level)
    key = app.credential(settings, os.environ)
    return asyncio.run(check.check(settings, key, print))


def once(arguments: list[str]) -> int:
    """poll everything once and print the exposition"""  # noqa: D400, D403
    settings, _ = _settings(_parser("once"), arguments)
    text, failed = asyncio.run(app.once(settings, app.credential(settings, os.environ)))
    sys.stdout.buffer.write(text)
    return 1 if failed else 0


def history_command(arguments: list[str]) -> int:
    """write every past day at its own date, to an OpenMetrics file or by remote write"""  # noqa: D400, D403
    parser = _parser("history")
    parser.add_argument("--since", type=_date, metavar="DATE", help="the first day, such as 2026-05-01")
    parser.add_argument("--until", type=_date, metavar="DATE", help="the last day (default: the newest there is)")
    parser.add_argument(
        "--output", metavar="FILE", help="OpenMetrics file; - is standard output, %%Y-%%m a file a month"
    )
    parser.add_argument("--remote-write", metavar="URL", help=f"receiver; the same as {_REMOTE_WRITE}")
    parser.add_argument("--again", action="store_true", help="read days anew, and push also those that have arrived")
    renamed = _renamed(arguments, "--remote-write", _REMOTE_WRITE)
    settings, own = _settings(parser, renamed)
    if own.since is None:
        raise SettingsError("--since: say which day is the first, such as --since=2026-05-01")
    if own.output and renamed != arguments:
        raise SettingsError("--output, --remote-write: give one of them")
    if not own.output and not settings.history.remote_write.url:
        raise SettingsError("say where to: --output FILE or --remote-write URL")
    logging.getLogger("exporter").setLevel(logging.WARNING)  # what goes well the progress shows
    wanted = Wanted(own.since, own.until, own.output, again=own.again)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return history(settings, app.credential(settings, os.environ), wanted, _say)
    except asyncio.CancelledError:
        return TERMINATED


def _terminate(*_: object) -> None:
    """End, tasks in good order: an exit would come up in the middle of one, and asyncio logs that as a defect."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        sys.exit(TERMINATED)
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-05-01") from None


def _renamed(arguments: list[str], short: str, flag: str) -> list[str]:
    """The arguments with the setting's own flag in place of a short one."""
    return [
        flag + argument.removeprefix(short) if argument.partition("=")[0] == short else argument
        for argument in arguments
    ]


def actor_hash(arguments: list[str]) -> int:
    """print the hashes by which people appear, for those who hold the key"""  # noqa: D400, D403
    parser = _parser("actor-hash")
    parser.add_argument(
        "names", nargs="*", metavar="EMAIL", help="or the name of an API key; - reads many, a line each"
    )
    settings, own = _settings(parser, arguments)
    names = [name for given in own.names for name in (sys.stdin.read().splitlines() if given == "-" else [given])]
    if not any(names):
        raise SettingsError("say whose: anthropic-exporter actor-hash ann@example.com, or - to read many")
    policy = Policy("hash", hash_key=hash_key(settings.labels.hash_key_file))
    return _print("\n".join(f"{policy.hashed(name.strip())}  {name.strip()}" for name in names if name.strip()))


def metrics(arguments: list[str]) -> int:
    """print the metric catalogue"""  # noqa: D400, D403
    parser = _parser("metrics")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="(default: %(default)s)")
    form = parser.parse_args(arguments).format
    return _print(tables.metrics_json() if form == "json" else tables.metrics_table())


COMMANDS = {
    "serve": serve,
    "demo": demo,
    "simulate": simulate,
    "check": check_command,
    "once": once,
    "history": history_command,
    "metrics": metrics,
    "actor-hash": actor_hash,
}


def _overview() -> str:
    lines = [f"  {name:<12}{command.__doc__}" for name, command in COMMANDS.items()]
    return f"usage: {PROGRAM} [COMMAND] [--help] [...]\n\ncommands:\n" + "\n".join(lines)


def _parser(command: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"{PROGRAM} {command}",
        usage="%(prog)s [--help] [--SETTING VALUE ...]",
        description=COMMANDS[command].__doc__,
        allow_abbrev=False,
    )


def _settings(parser: argparse.ArgumentParser, arguments: list[str]) -> tuple[Settings, argparse.Namespace]:
    """The settings, and what else `parser` knows; logs are set up as they say. Raises SettingsError."""
    own = vars(parser.parse_args([]))
    source = add_flags(parser)
    namespace, unknown = parser.parse_known_args([_hyphens(argument) for argument in arguments])
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]  # noqa: SLF001
        flag = unknown[0].partition("=")[0]  # what it was to be set to may be a secret
        raise SettingsError(f"{flag}: no such flag{nearest(flag, flags)}")
    given = {name: value for name, value in vars(namespace).items() if name not in own}
    settings = load(source(parsed_args=given)(), os.environ)
    logs.set_up(settings.log.level, settings.log.format)
    return settings, namespace


def _hyphens(argument: str) -> str:
    """A flag as the help writes it: `--max_age=1d` is `--max-age=1d`."""
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _print(text: str) -> int:
    print(text)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
