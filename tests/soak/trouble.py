"""What goes wrong meanwhile, at random from a seed: the API, the key, the teams file."""

import os
from pathlib import Path
from random import Random
from string import ascii_lowercase

from exporter.demo.access import OTHER_ORGANIZATION_KEY
from exporter.demo.faults import ENDPOINTS, KINDS
from exporter.demo.options import Options
from tests.service import ask

OPTIONS = ("", "", ",times=3")
WRONG_KEYS = ("sk-ant-admin01-revoked", OTHER_ORGANIZATION_KEY, "", "two words")
WRONG_TEAMS = ("teams: [", "", "teams: [{team: '', actors: []}]")
TEAMS = ("red", "green", "blue")


class Trouble:
    """Makes it and ends it. Files are replaced as a whole, as Kubernetes and careful people do."""

    def __init__(self, rng: Random, api: str, folder: Path) -> None:
        self.key_file = folder / "key"
        self.teams_file = folder / "teams.yml"
        self.episodes = 0
        self.rng = rng
        self._api = api
        self.end()

    def begin(self) -> str:
        """Faults of the API always, the rest now and then. What it is."""
        self.episodes += 1
        rng = self.rng
        faults = [self._fault() for _ in range(rng.randint(1, 3))]
        ask(f"{self._api}/simulator/faults", faults, "PUT")
        said = [*faults]
        if rng.random() < 0.3:
            key = rng.choice(WRONG_KEYS)
            _replace(self.key_file, key)
            said.append(f"key {key!r}")
        if rng.random() < 0.3:
            _replace(self.teams_file, rng.choice((*WRONG_TEAMS, self._teams())))
            said.append("another teams file")
        return ", ".join(said)

    def end(self) -> None:
        """Mend everything; who is in which team is then often another matter."""
        ask(f"{self._api}/simulator/faults", [], "PUT")
        _replace(self.key_file, Options.key)
        _replace(self.teams_file, self._teams())

    def _fault(self) -> str:
        rng = self.rng
        kind = rng.choice(KINDS)
        wait = f",retry-after={rng.randint(0, 3)}" if kind in ("429", "529") else ""
        return f"{rng.choice(ENDPOINTS)}:{kind}{rng.choice(OPTIONS)}{wait}"

    def _teams(self) -> str:
        """A team for everybody by the first letter of the address, with two letters for none."""
        letters = "".join(self.rng.sample(ascii_lowercase, 24))
        self.letters = {team: letters[number::3] for number, team in enumerate(TEAMS)}
        teams = [
            f"  - {{team: {team}, actors: [{', '.join(map(_first_letter, some))}]}}"
            for team, some in self.letters.items()
        ]
        return "\n".join(["teams:", *teams, ""])


def _first_letter(letter: str) -> str:
    return f"'{letter}*@*'"


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)  # noqa: PTH105
