"""`python -m grafana` writes every dashboard to grafana/dashboards, as Grafana reads it."""

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import cost, developers, health, history, keys, overview

FOLDER = Path(__file__).parent / "dashboards"
BOARDS = (overview, developers, cost, keys, health, history)


def files() -> dict[str, str]:
    """The content of every file by its name."""
    encoder = JSONEncoder(sort_keys=True, indent=1)
    made = [module.dashboard().build() for module in BOARDS]
    for board in made:
        for number, panel in enumerate(board.panels or (), 1):  # Grafana tells panels apart by it
            panel.id_val = number
    return {f"{board.uid}.json".removeprefix("anthropic-"): encoder.encode(board) + "\n" for board in made}


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_text(content)


if __name__ == "__main__":
    main()
