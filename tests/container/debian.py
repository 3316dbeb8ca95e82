"""Images made of Debian's packages, for machines that reach no registry of images."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tests.container.docker import docker, tried

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools" / "container"
SUITE = "trixie"
"""Has the Python that the Dockerfile names."""
PLUGINS = {"docker-compose": "docker-compose", "docker-buildx": "docker-buildx"}
SERVERS = {
    "prometheus": ("prometheus", "/prometheus"),
    "alertmanager": ("prometheus-alertmanager", "/alertmanager"),
}
"""Services of compose.yml: the package and its program, and where the image of the project keeps its data."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def make_images(python_image: str) -> Path:
    """All that are missing. The folder of plugins of docker that belongs to DOCKER_CONFIG."""
    unpacked = _unpacked(*PLUGINS, *(package for package, _ in SERVERS.values()))
    plugins = TOOLS / "docker" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for name in PLUGINS:
        shutil.copy2(next(unpacked.glob(f"usr/**/cli-plugins/{name}")), plugins)
    if tried("image", "inspect", python_image).returncode:
        _python(python_image)
    services = yaml.safe_load((ROOT / "deploy/compose/compose.yml").read_text())["services"]
    for name, (program, data) in SERVERS.items():
        if tried("image", "inspect", services[name]["image"]).returncode:
            _server(services[name]["image"], python_image, unpacked / "usr", program, data=data, name=name)
    return plugins.parent


def _unpacked(*packages: str) -> Path:
    """Packages of Debian's unstable, unpacked, by an apt with a state of its own."""
    folder = TOOLS / "unpacked"
    if folder.exists():
        return folder
    work = Path(tempfile.mkdtemp(dir=_made(TOOLS)))
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        (work / name).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (work / "sources.list").write_text(f"deb [signed-by={keys}] {_mirror()} sid main\n")
    own = {
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": work / "parts",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in own.items())]
    subprocess.run([*apt, "update", "--error-on=any"], check=True, stdout=sys.stderr)
    subprocess.run([*apt, "download", *(f"{name}/sid" for name in packages)], check=True, cwd=work, stdout=sys.stderr)
    for package in work.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, work / "unpacked"], check=True)
    (work / "unpacked").rename(folder)
    shutil.rmtree(work)
    return folder


def _mirror() -> str:
    """Where this machine has Debian from."""
    form = ["--no-release-info", "--format=$(REPO_URI)", "Created-By: Packages", "Component: main"]
    found = subprocess.run(["apt-get", "indextargets", *form], check=True, capture_output=True, text=True).stdout
    return next(line for line in found.splitlines() if "security" not in line)


def _python(image: str) -> None:
    """A Python that finds the package index as this machine does: its certificates, and pip's configuration."""
    with tempfile.TemporaryDirectory() as name:
        rootfs = Path(name) / "rootfs"
        include = "--include=ca-certificates,python3,python3-venv,python3-pip"
        subprocess.run(
            ["debootstrap", "--variant=minbase", include, SUITE, rootfs, _mirror()], check=True, stdout=sys.stderr
        )
        if CERTIFICATES.exists():
            shutil.copy(CERTIFICATES, rootfs / "etc/ssl/certs")
        (rootfs / "etc/pip.conf").write_text(f"[global]\n{_pip_settings()}cert = {CERTIFICATES}\n")
        (rootfs / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        for compiled in rootfs.glob("usr/lib/python3*/**/__pycache__"):  # the image of the project has none either
            shutil.rmtree(compiled, ignore_errors=True)
        tar = subprocess.Popen(["tar", "-C", rootfs, "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(["docker", "import", "--change", 'CMD ["python3"]', "-", image], check=True, stdin=tar.stdout)
        assert tar.wait() == 0


def _pip_settings() -> str:
    """Where pip looks for packages, as far as that is not a folder of this machine."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    pairs = [line.partition("=")[::2] for line in listed.stdout.splitlines()]
    wanted = {name.rpartition(".")[2]: value.strip("'") for name, value in pairs}
    return "".join(f"{name} = {wanted[name]}\n" for name in ("index-url", "proxy", "timeout") if name in wanted)


def _server(image: str, base: str, usr: Path, program: str, *, name: str, data: str) -> None:
    """A server as its project's image has it: run by nobody, data in a folder that nobody may write."""
    dockerfile = (
        f"FROM {base}\nCOPY {program} /bin/{name}\nCOPY share /usr/share/prometheus/{name}\n"
        f"RUN install -d -o 65534 -g 65534 {data}\n"
        f'USER 65534:65534\nWORKDIR {data}\nVOLUME {data}\nENTRYPOINT ["/bin/{name}"]\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy2(usr / "bin" / program, folder)
        share = _made(Path(folder) / "share")
        if (templates := usr / "share/prometheus" / name).exists():
            shutil.copytree(templates, share, dirs_exist_ok=True)
        (Path(folder) / "Dockerfile").write_text(dockerfile)
        docker("build", "--quiet", "--tag", image, folder, DOCKER_BUILDKIT="0")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
