import argparse

import pytest

from exporter.demo.faults import ENDPOINTS, KINDS, Fault, FaultError
from exporter.demo.options import Options, add_arguments, from_arguments


def parsed(*arguments):
    parser = argparse.ArgumentParser(prog="simulate")
    add_arguments(parser)
    return from_arguments(parser.parse_args(arguments))


def test_no_arguments_give_the_defaults():
    assert parsed() == Options()


def test_every_argument_arrives():
    text = (
        "--people 30 --days 9 --seed 4 --key k --api-keys 0 --workspaces 2 --requests-per-minute 60 --no-quirks"
        " --restate --organization-name Acme --fault users:429,retry-after=2 --fault all:hang,for=5"
    )
    assert parsed(*text.split()) == Options(
        people=30, days=9, seed=4, key="k", api_keys=0, workspaces=2, requests_per_minute=60, quirks=False,
        restate=True, organization_name="Acme",
        faults=(Fault("users", "429", retry_after=2), Fault("all", "hang", seconds=5)),
    )  # fmt: skip


def test_a_quiet_organization_has_no_oddities():
    assert parsed("--quiet") == Options(quiet=True, quirks=False)


@pytest.mark.parametrize("text", ["--people 0", "--days -1", "--api-keys many", "--requests-per-minute 1.5"])
def test_a_number_that_makes_no_sense_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        parsed(*text.split())
    assert text.split()[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("user:500", "workspace_members"),
        ("users", "cut-connection"),
        ("users:418", "repeat-cursor"),
        ("users:500,often=3", "retry-after"),
        ("users:500,times=x", "whole number"),
        ("users:500,times", "whole number"),
    ],
)
def test_a_wrong_fault_says_what_is_allowed(text, allowed, capsys):
    with pytest.raises(SystemExit):
        parsed("--fault", text)
    error = capsys.readouterr().err
    assert text.split(",")[0] in error
    assert allowed in error


def test_help_names_every_fault(capsys):
    with pytest.raises(SystemExit):
        parsed("--help")
    words = capsys.readouterr().out.replace(",", " ").replace(".", " ").split()
    assert {*ENDPOINTS, *KINDS} <= set(words)


@pytest.mark.parametrize("text", ["me:401", "users:429,after=1,times=2,for=3,retry-after=4,page=5", "all:500,times=0"])
def test_a_fault_is_written_as_it_is_read(text):
    assert str(Fault.parse(text)) == text


def test_spaces_in_a_fault_do_no_harm():
    assert Fault.parse("users : 500, times = 2") == Fault("users", "500", times=2)


def test_a_fault_without_a_kind_is_an_error():
    with pytest.raises(FaultError, match="kind ''"):
        Fault.parse("users:")
