"""The house plan, held by reading the imports: one direction, torch and Qt only where they belong, files of one thing."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "csamoe_desktop"

# From the base upwards: a module imports its own layer and those before it.
LAYERS = (
    ("", "errors", "files", "names", "paths", "settings", "untrusted", "wording"),
    ("study",),
    ("lesion",),
    ("networks",),
    ("inference",),
    ("assess", "read_views"),
    ("reader",),
    ("report",),
    ("store",),
    ("datasets",),
    ("evidence",),
    ("training",),
    ("session",),
    ("ui",),
    ("cli", "commands", "__main__"),
)
# The rooms of the window, from the base upwards.
WINDOW_ROOMS = (("widgets",), ("tools", "canvas"), ("panels",), ("dialogs",), ("shell",))
MOST_LINES = 400

TORCH = ("torch", "torchvision")
# Imported where they are used, as they take a second or more.
HEAVY = (*TORCH, "cryptography", "highdicom", "pynetdicom", "safetensors.torch")
LOADS_TORCH = re.compile(
    r"networks\.(?!cards$|card_checks$)\w+|training\.\w+|evidence\.recording|inference\.(torch_engine|tensors|weights|outliner)"
)

QT = ("PySide6", "shiboken6", "pyqtgraph")
QT_WITHOUT_WIDGETS = ("PySide6.QtCore", "PySide6.QtGui")


class Import(NamedTuple):
    """An import: what is imported (`from a import b` is a and a.b), on which line, and whether importing the module does it."""

    name: str
    line: int
    at_import: bool


def imports_of(source: str, module: str = PACKAGE) -> list[Import]:
    """Return every import in `source`, the text of `module`; those in a function or for type checking are not at import."""
    found: list[Import] = []

    def look(node: ast.AST, at_import: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
            found.append(Import(base, node.lineno, at_import))
            found.extend(Import(f"{base}.{alias.name}", node.lineno, at_import) for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            at_import = False
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for inner in node.body:
                look(inner, False)
            for inner in node.orelse:
                look(inner, at_import)
            return
        for inner in ast.iter_child_nodes(node):
            look(inner, at_import)

    look(ast.parse(source), True)
    return found


def is_of(name: str, roots: tuple[str, ...]) -> bool:
    """Return whether the dotted `name` is one of `roots` or inside one."""
    return any(name == root or name.startswith(root + ".") for root in roots)


def layer_of(module: str) -> int:
    """Return where `module` (dotted, with the package's name) stands in LAYERS."""
    top = [*module.split("."), ""][1]
    for height, names in enumerate(LAYERS):
        if top in names:
            return height
    raise AssertionError(f"{module} stands in no layer: give it a place in LAYERS and in docs/architecture.md")


def upward(module: str, imported: list[Import], modules: dict[str, Path]) -> list[str]:
    """Return the imports of `module` that go against the direction, in words."""
    inside = [one for one in imported if one.name in modules and one.name != PACKAGE]
    return [f"{module}:{one.line} imports {one.name}" for one in inside if layer_of(one.name) > layer_of(module)]


def upward_in_the_window(module: str, imported: list[Import]) -> list[str]:
    """Return the imports of `module`, of the window, that go against the direction of its rooms, in words."""
    height = {name: at for at, names in enumerate(WINDOW_ROOMS) for name in names}

    def at(name: str) -> int:
        room = [*name.split("."), "", ""][2]
        return height.get(room, 0) if name.startswith(f"{PACKAGE}.ui.") else 0

    return [f"{module}:{one.line} imports {one.name}" for one in imported if at(one.name) > at(module)]


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, by whatever way; `imports`: of each module, those it names."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:  # Tarjan's algorithm
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(imports.get(module, ())):
            if other not in index:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(imports):
        if module not in index:
            visit(module)
    return found


def heavy(module: str, imported: list[Import]) -> list[str]:
    """Return what `module`, which must stay light, would load on import, in words."""
    return [
        f"{module}:{one.line} imports {one.name} at module level"
        for one in imported
        if one.at_import
        and (is_of(one.name, HEAVY) or LOADS_TORCH.fullmatch(one.name.removeprefix(PACKAGE + ".")) is not None)
    ]


def stray_qt(module: str, imported: list[Import]) -> list[str]:
    """Return the imports of Qt that `module` may not have, in words."""
    inside = module.removeprefix(PACKAGE + ".")
    if is_of(inside, ("ui",)):
        return []
    allowed = ()
    if is_of(inside, ("report",)):
        allowed = QT_WITHOUT_WIDGETS
    elif is_of(inside, ("session",)):
        allowed = ("PySide6.QtCore", "shiboken6")
    return [
        f"{module}:{one.line} imports {one.name}"
        for one in imported
        if is_of(one.name, QT) and not is_of(one.name, allowed)
    ]


def find_modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = find_modules()
IMPORTS = {
    name: imports_of(file.read_text(encoding="utf-8"), f"{name}.__init__" if file.name == "__init__.py" else name)
    for name, file in MODULES.items()
}
LIGHT = [name for name in MODULES if LOADS_TORCH.fullmatch(name.removeprefix(PACKAGE + ".")) is None]

each_module = pytest.mark.parametrize("module", MODULES)


@each_module
def test_imports_go_one_way(module: str) -> None:
    layer_of(module)
    assert upward(module, IMPORTS[module], MODULES) == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(f"{PACKAGE}.ui.")])
def test_the_rooms_of_the_window_import_one_way(module: str) -> None:
    assert upward_in_the_window(module, IMPORTS[module]) == []


def test_no_modules_import_each_other() -> None:
    """Imports for type checking, and those inside functions, count too."""
    assert (
        circles({name: {one.name for one in IMPORTS[name] if one.name in MODULES} - {name} for name in MODULES}) == []
    )


def test_no_public_class_name_means_two_things() -> None:
    classes = [
        node.name
        for file in MODULES.values()
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert sorted({name for name in classes if classes.count(name) > 1}) == []


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_no_torch(module: str) -> None:
    assert heavy(module, IMPORTS[module]) == []


@each_module
def test_qt_stays_in_the_window_and_the_report(module: str) -> None:
    assert stray_qt(module, IMPORTS[module]) == []


@each_module
def test_a_module_says_what_it_is_for_and_does_one_thing(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{module} has no docstring"
    assert len(text.splitlines()) <= MOST_LINES, f"{module} is longer than {MOST_LINES} lines: two things live there"


def test_importing_all_light_modules_loads_no_torch() -> None:
    """The window opens before torch is loaded: csamoe_desktop.ui.shell.app is among these, by whatever way it imports."""
    assert "csamoe_desktop.ui.shell.app" in LIGHT
    program = (
        f"import importlib, sys\nfor name in {LIGHT!r}:\n    importlib.import_module(name)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_what_is_imported_is_pinned() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [*told["dependencies"], *(one for extra in told["optional-dependencies"].values() for one in extra)]
    assert [pin for pin in pins if not re.fullmatch(r"[\w-]+==[\w.]+( *;.*)?", pin)] == []
    pinned = {_plain(pin.split("==")[0]) for pin in told["dependencies"]}
    homes = metadata.packages_distributions()
    used = {one.name.split(".")[0] for imported in IMPORTS.values() for one in imported}
    foreign = used - set(sys.stdlib_module_names) - {PACKAGE}
    assert {name for name in foreign if not pinned.intersection(map(_plain, homes.get(name, [])))} == set()


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


# The rules themselves: each finds what it is there for.


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import os.path\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "else:\n    import numpy\n"
        "class A:\n    import json\n"
        "def f():\n    from . import paths\n    from ..study.model import Frame\n"
        "try:\n    import cv2\nexcept ImportError:\n    pass\n"
    )
    found = {one.name: one.at_import for one in imports_of(source, "csamoe_desktop.ui.app")}
    assert found == {
        "os.path": True,
        "typing": True,
        "typing.TYPE_CHECKING": True,
        "torch": False,
        "numpy": True,
        "json": True,
        "csamoe_desktop.ui": False,
        "csamoe_desktop.ui.paths": False,
        "csamoe_desktop.study.model": False,
        "csamoe_desktop.study.model.Frame": False,
        "cv2": True,
    }


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("csamoe_desktop.study.model", "from csamoe_desktop.lesion import mask", True),
        ("csamoe_desktop.study.model", "def f():\n    import csamoe_desktop.session.session", True),
        ("csamoe_desktop.errors", "from csamoe_desktop import assess", True),
        ("csamoe_desktop.lesion.mask", "from csamoe_desktop.study.model import Frame", False),
        ("csamoe_desktop.study.model", "from csamoe_desktop import __version__, paths", False),
        ("csamoe_desktop.session.session", "from csamoe_desktop.report.pdf.writer import write_pdf", False),
    ],
)
def test_the_direction_is_seen(module: str, source: str, wrong: bool) -> None:
    assert bool(upward(module, imports_of(source, module), MODULES)) is wrong


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("csamoe_desktop.ui.canvas.canvas", "from csamoe_desktop.ui.panels import folding", True),
        ("csamoe_desktop.ui.widgets.theme", "from csamoe_desktop.ui.tools.base import Tool", True),
        ("csamoe_desktop.ui.canvas.canvas", "from csamoe_desktop.ui.tools.base import Tool", False),
        ("csamoe_desktop.ui.tools.base", "from csamoe_desktop.ui.canvas.overlays import line", False),
        ("csamoe_desktop.ui.shell.app", "from csamoe_desktop.ui.widgets import theme", False),
    ],
)
def test_the_direction_in_the_window_is_seen(module: str, source: str, wrong: bool) -> None:
    assert bool(upward_in_the_window(module, imports_of(source, module))) is wrong


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}, [["b", "c"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, [["a", "b", "c"]]),
    ],
)
def test_a_circle_is_seen(imports: dict[str, set[str]], found: list[list[str]]) -> None:
    assert circles(imports) == found


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import torch", True),
        ("from torch.nn import Module", True),
        ("from safetensors.torch import load_file", True),
        ("import pynetdicom", True),
        ("from csamoe_desktop.inference.torch_engine import TorchPredictor", True),
        ("from csamoe_desktop.networks import csamoe", True),
        ("from csamoe_desktop.networks import cards", False),
        ("from csamoe_desktop.networks.cards import ModelCard", False),
        ("def f():\n    import torch", False),
        ("import torchlight", False),
    ],
)
def test_torch_is_seen(source: str, wrong: bool) -> None:
    assert bool(heavy("csamoe_desktop.ui.shell.app", imports_of(source))) is wrong


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("csamoe_desktop.study.model", "from PySide6.QtCore import Qt", True),
        ("csamoe_desktop.cli", "def f():\n    import pyqtgraph", True),
        ("csamoe_desktop.report.pdf.writer", "from PySide6.QtWidgets import QWidget", True),
        ("csamoe_desktop.report.pdf.writer", "from PySide6 import QtWidgets", True),
        ("csamoe_desktop.report.pdf.writer", "from PySide6.QtGui import QPainter", False),
        ("csamoe_desktop.ui.shell.app", "from PySide6.QtWidgets import QApplication", False),
    ],
)
def test_qt_is_seen(module: str, source: str, wrong: bool) -> None:
    assert bool(stray_qt(module, imports_of(source, module))) is wrong
