"""Installation: the lock, the set-up and its error lines, the make targets, and what a wheel contains."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import reportgen
from reportgen.locked import DEVELOPMENT

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("sh", "grep", "rm", "mkdir", "cp", "uname")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

INTERPRETER = """\
#!/bin/sh
echo "$*" >> "$LOG"
case "$1 $2" in
"-c import weasyprint") exit "$PANGO" ;;
"-c from weasyprint"*) exit "$SUBSET" ;;
"-c "*) exit "$SUITS" ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && exit "$VENV" ;;
esac
"""
"""Stands in for Python: notes what it is asked for, and answers as it is told."""


def pins(requirements: list[str]) -> dict[str, str]:
    """Normalised name → version; a requirement that is not pinned exactly is a failure."""
    found = {}
    for requirement in requirements:
        pinned = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([0-9.]+)", requirement)
        assert pinned, requirement
        found[re.sub(r"[-_.]+", "-", pinned[1]).lower()] = pinned[2]
    return found


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return pins([line for line in lines if not line.startswith("#")])


def make(folder: Path, *arguments: str) -> str:
    """What make prints, without the environment variables of a make that runs the tests."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


DEPENDENCIES = [Requirement(text) for text in PROJECT["project"]["dependencies"]]


def test_lock_pins_everything_the_project_names() -> None:
    lock, named = locked(), pins(PROJECT["dependency-groups"]["dev"])
    assert {name: lock.get(name) for name in named} == named
    assert [str(of) for of in DEPENDENCIES if not of.specifier.contains(lock[of.name])] == []
    assert set(pins(PROJECT["build-system"]["requires"])) <= set(lock)  # built without asking an index
    assert lock["torch"] == "2.13.0"
    assert [name for name in lock if name.startswith("nvidia")] == []


def test_lock_keeps_apart_what_reports_are_made_with() -> None:
    first, _, second = (ROOT / "requirements.lock").read_text(encoding="utf-8").partition(DEVELOPMENT)
    made_with, development = (
        pins([line for line in part.splitlines() if line and not line.startswith("#")])
        for part in (first, second)
    )
    assert {of.name for of in DEPENDENCIES} <= set(made_with)
    assert set(pins(PROJECT["dependency-groups"]["dev"])) <= set(development)
    assert made_with | development == locked() and not set(made_with) & set(development)


def test_a_dependency_is_exact_or_has_a_lowest_and_a_highest() -> None:
    lock = locked()
    for of in DEPENDENCIES:
        signs = sorted(bound.operator for bound in of.specifier)
        assert signs in (["=="], ["<", ">="], ["<=", ">="]), str(of)
    (torch,) = (of.specifier for of in DEPENDENCIES if of.name == "torch")
    # Where pip finds them, the CPU build of the locked release and no newer one with CUDA in it.
    offered = ["2.5.1", "2.6.0", "2.13.0", "2.13.0+cpu", "2.13.1", "2.14.0"]
    assert list(torch.filter(offered)) == ["2.6.0", "2.13.0", "2.13.0+cpu"]
    assert torch.contains(lock["torch"] + "+cu130")


def test_the_makefile_installs_the_versions_that_are_declared() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installed = re.findall(r"\S+==[0-9.]+", makefile)
    groups = PROJECT["dependency-groups"]
    assert pins(installed) == pins(groups["bench"] + groups["verapdf"])


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_help_lists_every_target_and_is_the_default() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    said = make(ROOT)
    listed = re.findall(r"^  make (\S+) +\S", said, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())
    assert {"report", "gallery", "test", "check", "bench", "doctor"} <= set(listed)
    assert {"formulas", "wheel", "lock", "clean"} <= set(listed)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_set_up_runs_again_only_when_the_lock_has_changed(tmp_path: Path) -> None:
    for name in ("Makefile", "bootstrap.sh", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)

    def planned() -> str:
        return make(tmp_path, "-n", "report")

    assert "bootstrap.sh" in planned()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "ready").touch()
    assert "bootstrap.sh" not in planned()
    assert "reportgen report" in planned()
    ready = (tmp_path / ".venv" / "ready").stat().st_mtime
    os.utime(tmp_path / "requirements.lock", (ready + 10, ready + 10))
    assert "bootstrap.sh" in planned()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_what_npm_installs_lies_where_no_wheel_and_no_template_is_looked_for(tmp_path: Path) -> None:
    for name in ("Makefile", "bootstrap.sh", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    lines = make(tmp_path, "-n", "formulas").splitlines()
    places = [line.partition(" && ")[0] for line in lines if "npm install" in line or "render.mjs" in line][
        1:
    ]
    assert places == ["cd build/formulas"] * 2
    assert {"build/", "node_modules/"} <= set((ROOT / ".gitignore").read_text(encoding="utf-8").split())


class Machine:
    """A folder with bootstrap.sh in it, and a PATH on which hardly anything is."""

    def __init__(self, folder: Path) -> None:
        self.project, self.bin, self.log = folder / "project", folder / "bin", folder / "log"
        self.project.mkdir()
        self.bin.mkdir()
        for name in ("bootstrap.sh", "requirements.lock"):
            shutil.copy(ROOT / name, self.project)
        for name in TOOLS:
            self.bin.joinpath(name).symlink_to(shutil.which(name) or name)
        self.program("id", "echo 1000")

    def program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(body if body.startswith("#!") else f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def set_up(
        self, *, suits: bool = True, venv: bool = True, pango: bool = True, subset: bool = True
    ) -> tuple[int, list[str]]:
        """Exit code, and the lines said; `asked` then tells what Python was asked for."""
        answers = {"SUITS": suits, "VENV": venv, "PANGO": pango, "SUBSET": subset}
        environment = {name: str(int(not answer)) for name, answer in answers.items()}
        environment |= {"PATH": str(self.bin), "LOG": str(self.log), "HOME": str(self.project)}
        done = subprocess.run(
            [self.bin / "sh", "bootstrap.sh"],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr.splitlines()

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_set_up_installs_torch_first_and_the_project_last(machine: Machine) -> None:
    machine.program("python3.11", INTERPRETER)
    code, _ = machine.set_up()
    assert code == 0
    installed = [line.partition(" install ")[2] for line in machine.asked if " install " in line]
    assert [line.split()[-1] for line in installed] == ["torch==2.13.0", "requirements.lock", "."]
    assert "--editable" in installed[2]
    first = len(machine.asked)
    machine.program("python3.11", "exit 1")
    assert machine.set_up()[0] == 0  # the environment that is there is used
    assert not any("-m venv" in line for line in machine.asked[first:])


def test_without_python_or_with_an_old_one(machine: Machine) -> None:
    code, said = machine.set_up()
    assert code == 1
    assert len(said) == 1
    assert said[0].startswith("setup: needs Python 3.11 or later, found none.")
    machine.program("python3", INTERPRETER)
    assert machine.set_up(suits=False) == (1, said)
    assert not (machine.project / ".venv").exists()


def test_without_venv_nothing_half_made_is_left(machine: Machine) -> None:
    machine.program("python3", INTERPRETER)
    code, said = machine.set_up(venv=False)
    assert code == 1
    assert said[-1].endswith("On Debian and Ubuntu run: sudo apt-get install python3-venv")
    assert not (machine.project / ".venv").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="asks Homebrew there")
def test_without_pango_and_without_the_right_to_install_it(machine: Machine) -> None:
    machine.program("python3", INTERPRETER)
    code, said = machine.set_up(pango=False)
    assert code == 1
    assert said[-1].startswith("setup: WeasyPrint needs Pango 1.44 or later, found none. Install it with")
    machine.program("apt-get", "exit 100")
    for user in ("1000", "0"):
        machine.program("id", f"echo {user}")
        code, said = machine.set_up(pango=False)
        assert code == 1
        assert said[-1] == (
            "setup: WeasyPrint needs Pango, found none. "
            "Run: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        )


@pytest.mark.skipif(sys.platform == "darwin", reason="has no apt-get there")
def test_without_harfbuzz_subset_it_is_installed_or_named(machine: Machine) -> None:
    machine.program("python3", INTERPRETER)
    code, said = machine.set_up(subset=False)
    assert code == 0
    assert "PDFs are valid, but their bytes differ" in said[-1]
    assert said[-1].endswith("sudo apt-get install libharfbuzz-subset0)")
    machine.program("id", "echo 0")
    machine.program("env", 'echo "$*" >> "$LOG"')
    machine.program("apt-get", 'echo "apt-get $*" >> "$LOG"')
    code, said = machine.set_up(subset=False)
    assert (code, said[-1]) == (0, "setup: installing libharfbuzz-subset0")
    assert machine.asked[-1].endswith("apt-get install -y -q --no-install-recommends libharfbuzz-subset0")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_carries_the_package_the_templates_and_the_gallery(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        information = next(name for name in names if name.endswith(".dist-info/METADATA"))
        about = message_from_string(archive.read(information).decode())
        entries = archive.read(information.replace("METADATA", "entry_points.txt")).decode()
    tracked = [*ROOT.glob("templates/**/*.*"), *ROOT.glob("experiments/*.yaml"), *ROOT.glob("examples/*.*")]
    source = [path for path in tracked if not {"__pycache__", "node_modules"} & set(path.parts)]
    assert len(source) > 20
    missing = [path for path in source if f"reportgen/{path.relative_to(ROOT)}" not in names]
    assert {"reportgen/requirements.lock", "reportgen/py.typed"} <= names
    modules = [path for path in ROOT.glob("reportgen/**/*.py") if str(path.relative_to(ROOT)) not in names]
    assert missing + modules == []
    stray = [n for n in names if not n.startswith("reportgen") or "__pycache__" in n or "node_modules" in n]
    assert stray == []
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("OFL.txt") and "licenses" in name for name in names)
    optional = [
        f"{requirement}; extra == '{extra}'"
        for extra, requirements in PROJECT["project"]["optional-dependencies"].items()
        for requirement in requirements
    ]
    wanted = [*PROJECT["project"]["dependencies"], *optional]
    assert set(map(Requirement, about.get_all("Requires-Dist", []))) == set(map(Requirement, wanted))
    assert about["Requires-Python"] == ">=3.11"
    assert "reportgen = reportgen.cli:main" in entries


def test_programs_that_tests_start_import_the_package_that_is_tested(tmp_path: Path) -> None:
    code = "import reportgen; print(reportgen.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == reportgen.__file__


def test_unpacked_wheel_works_in_any_folder(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    code = (
        "import reportgen\n"
        "from reportgen.declaration import find, gallery_names, load, long_names\n"
        "from reportgen.resources import examples, gallery, lock, templates\n"
        "print(reportgen.__file__, templates(), gallery(), examples(), lock(), sep='\\n')\n"
        "print(*(load(find(name)).experiment for name in (*gallery_names(), *long_names())))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *places, experiments = done.stdout.splitlines()
    assert all(Path(place).is_relative_to(installed) for place in places)
    assert {"burda2016", "burda2016_mnist", "smoke"} <= set(experiments.split())


def test_the_pages_to_read_are_finished_and_their_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        assert "@@" not in text
        for target, place in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", text):
            assert (page.parent / target).exists(), target
            headings = (
                re.findall(r"^#+ (.*)", (page.parent / target).read_text(), re.MULTILINE) if place else []
            )
            assert not place or place in {heading.lower().replace(" ", "-") for heading in headings}, place


def test_a_source_archive_has_what_its_readme_speaks_of(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {link for link in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in link}
    assert len(linked) > 5 and linked | {"Makefile", "bootstrap.sh"} <= names


def test_it_is_cited_as_it_is_packaged() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == reportgen.__version__
    assert cited["license"] == PROJECT["project"]["license"]
    assert set(cited["keywords"]) <= set(PROJECT["project"]["keywords"])
