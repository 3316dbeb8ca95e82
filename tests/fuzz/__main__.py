"""`python -m tests.fuzz TARGET --seconds N`: fuzz one of tests/fuzz/targets.py, led by what its inputs reach.

It needs `pip install atheris`, which is there for fewer Pythons than the exporter is, and so in no lock. Inputs that
reach something new are kept in .fuzz/TARGET and used again by the next run; one that does harm is written to
tests/fuzz/corpus/TARGET, where it stays as a test.
"""

import argparse
import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["exporter"]):
    from tests.fuzz.pages import HOSTILE
    from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
SEEDS = {"settings": [FIXTURES], "web-config": [FIXTURES / "web"]}
"""Further folders of inputs to begin with."""
CORPUS = ROOT / "tests" / "fuzz" / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    arguments, further = parser.parse_known_args()
    logging.getLogger("exporter").propagate = False
    found, kept = CORPUS / arguments.target, ROOT / ".fuzz" / arguments.target
    kept.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    words = kept.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in HOSTILE if len(word) <= 64))
    libfuzzer = [
        f"-dict={words}",
        f"-max_total_time={arguments.seconds}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        "-len_control=0",
    ]
    folders = [kept, found, *SEEDS.get(arguments.target, ())]
    atheris.Setup([sys.argv[0], *libfuzzer, *further, *map(str, folders)], TARGETS[arguments.target])
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
