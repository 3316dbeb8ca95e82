"""Where settings come from: flags, environment and file, as one model.

Flags win over the environment, the environment over the file.
A flag is `--web.listen-address`, its variable ANTHROPIC_EXPORTER_WEB__LISTEN_ADDRESS, its place in the file
`web: {listen-address: ...}`. The key itself is no setting, so that it can never be a flag: process lists show those.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_settings import CliSettingsSource, EnvSettingsSource
from pydantic_settings import SettingsError as SourceError

from exporter.errors import SettingsError, nearest
from exporter.settings import Settings
from exporter.values import duration_text

PREFIX = "ANTHROPIC_EXPORTER_"


def leaves(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every setting: its dotted name as flags write it, and its pydantic field."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, here)
        else:
            yield ".".join(here).replace("_", "-"), field


def default_text(field: Any) -> str:  # noqa: ANN401
    """The default of a setting as it is written, empty if there is none."""
    default = field.default
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return duration_text(default) if isinstance(default, timedelta) else str(default).lower()


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper().replace("-", "_").replace(".", "__")


def add_flags(parser: argparse.ArgumentParser) -> CliSettingsSource[Any]:
    """Give `parser` a flag per setting. Called with the parsed flags, the result gives what `load` wants."""
    fields = dict(leaves())

    def add(group: Any, flag: str, **options: Any) -> None:  # noqa: ANN401
        field = fields.get(flag.removeprefix("--"))
        if field is None:  # a whole section as JSON: nobody's wish
            return
        default = default_text(field)
        options["help"] = field.description + (f" (default: {default})" if default else "")
        options["metavar"] = _metavar(field.annotation)
        group.add_argument(flag, **options)

    return CliSettingsSource(
        Settings, root_parser=parser, cli_kebab_case=True, cli_avoid_json=True, add_argument_method=add
    )


def _metavar(annotation: Any) -> str:  # noqa: ANN401
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    names = {bool: "true|false", timedelta: "DURATION", int: "NUMBER"}
    return "|".join(choices) or names.get(annotation, "PATH" if "Path" in str(annotation) else "TEXT")


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings of these flags (nested, as the command line gives them), this environment and the file they name.

    Raises SettingsError for an unknown or wrong setting, with its name, its source and what is allowed.
    """
    _expect_known_variables(environment)
    try:
        variables = EnvSettingsSource(Settings, env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False)
        variables.env_vars = {name.lower(): value for name, value in environment.items()}
        from_environment = variables()
    except SourceError as error:
        raise SettingsError(f"environment: {error}") from None
    file = _at(flags, ("config", "file")) or _at(from_environment, ("config", "file"))
    from_file = _read_file(Path(file)) if file else {}
    sources = {"flag": flags, "environment": from_environment, "file": from_file}
    try:
        return Settings(**_merged(from_file, from_environment, flags))
    except ValidationError as error:
        lines = [_explain(problem, sources, file) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _expect_known_variables(environment: Mapping[str, str]) -> None:
    known = {variable(name) for name, _ in leaves()}
    sections = {part for name in known for part in _sections_of(name)}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known | sections:
            raise SettingsError(f"{name}: no such setting (from the environment){nearest(name.upper(), known)}")


def _sections_of(name: str) -> Iterator[str]:
    parts = name.split("__")
    for end in range(1, len(parts)):
        yield "__".join(parts[:end])


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"config.file: cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"config.file: {path} is not YAML: {_trouble(error)}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"config.file: {path} must hold settings such as `web: {{listen-address: :10204}}`")
    if "config" in content:
        raise SettingsError(f"config: a file cannot name another file (from the file {path})")
    return _snake(content)


def _trouble(error: Exception) -> str:
    """What is wrong with a file, and where, without the text that stands there: it may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return type(error).__name__
    problem = error.problem or ""
    if isinstance(error, yaml.composer.ComposerError | yaml.constructor.ConstructorError) and "'" in problem:
        problem = problem.partition(" '")[0] + ": a value that begins with *, & or ! needs quotes"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _snake(values: dict[Any, Any], path: str = "") -> dict[str, Any]:
    """The names of settings as Python writes them; those within a setting, such as headers, stay as they are."""
    settings = dict(leaves())
    snake = {}
    for name, value in values.items():
        here = f"{path}{name}".replace("_", "-")
        section = isinstance(value, dict) and here not in settings
        snake[str(name).replace("-", "_")] = _snake(value, f"{here}.") if section else value
    return snake


def _merged(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings as one; later sources win."""
    result: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            both = isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
            result[name] = _merged(result[name], value) if both else value
    return result


def _at(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401
    for name in path:
        if not isinstance(values, Mapping) or name not in values:
            return None
        values = values[name]
    return values


def _explain(problem: Any, sources: Mapping[str, Mapping[str, Any]], file: object) -> str:  # noqa: ANN401
    path = tuple(str(part) for part in problem["loc"])
    name = ".".join(path).replace("_", "-")
    text = problem["msg"].removeprefix("Value error, ")
    known = {leaf for leaf, _ in leaves()}
    if problem["type"] == "value_error" and (not name or any(leaf.startswith(f"{name}.") for leaf in known)):
        # Settings that do not go together: what they are set to is not said, some may be secret.
        words = {"flag": "flags", "environment": "the environment", "file": f"the file {file}"}
        origins = " and ".join(words[origin] for origin, values in sources.items() if _at(values, path))
        return f"{name}: {text} (from {origins})".removeprefix(": ")
    origin = next((origin for origin, values in sources.items() if _at(values, path) is not None), "file")
    source = {
        "flag": f"the flag --{name}",
        "environment": f"the environment {variable(name)}",
        "file": f"the file {file}",
    }[origin]
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting (from {source}){nearest(name, known)}"
    return f"{name}: {_shown(name, problem['input'])} cannot be used: {text} (from {source})"


def _shown(name: str, value: object) -> str:
    """`value` without the secrets it may hold: user, password and token in a URL, headers of somebody's gateway."""
    if ".headers" in name or any(leaf.startswith(f"{name}.") for leaf, _ in leaves()):
        return "what is given"
    if name.endswith("url"):
        if re.search(r"[?#].*@", str(value), re.DOTALL):  # is the @ in a password, or in what is asked?
            return "what is given"
        value = re.sub(r"^(\w+://)?.*@", r"\1…@", str(value), flags=re.DOTALL)
        value = re.sub(r"[?#].*", "?…", value, flags=re.DOTALL)
    return repr(value)
