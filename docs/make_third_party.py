"""Write THIRD_PARTY.md: the software and fonts that the program is shipped with, each with its version and licence.

    python docs/make_third_party.py

Names and versions are those installed: run it in the environment made by run.py, after changing a pin in
pyproject.toml.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "THIRD_PARTY.md"

INTRODUCTION = """\
# Third-party software and fonts

Written by `python docs/make_third_party.py` from what is installed (Linux, Python 3.11); change that, not this page.

The code of CSA-MoE Desktop is under the Apache Licence 2.0 ([LICENSE](LICENSE)). The trained models keep their own
licences, which stand on their pages in [docs/models](docs/models). What the program is built on keeps its authors'
licences:

## Python packages

Packages that the program requires, and those that they require in turn. Many carry notices of libraries inside them in
their `.dist-info` folder; those hold too. PySide6 (Qt) and shiboken6 are used under the LGPL-3.0, as separate libraries
that can be replaced.

"""

FONTS = (
    ("DejaVu Sans", "DejaVuSans*.ttf", "Bitstream Vera licence; changes in the public domain", "DejaVu-LICENCE.txt"),
    ("Noto Sans (seven scripts)", "NotoSans*.ttf", "SIL Open Font License 1.1", "Noto-LICENCE.txt"),
    (
        "WenQuanYi Micro Hei",
        "wqy-microhei.ttc",
        "Apache-2.0, or GPL-3.0 with font exception",
        "WenQuanYi-Micro-Hei-LICENCE.txt",
    ),
)
"""Each font: its name, its files, its licence in short, the file with the licence's text (both in resources/fonts)."""

_LICENCES = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
}


def plain(name: str) -> str:
    """Return a distribution's name in its one normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Return the version of each package that pyproject.toml requires at run time, by its normal name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (pin.partition(";")[0].partition("==") for pin in project["dependencies"])
    return {plain(name.strip()): version.strip() for name, _, version in pins}


def installed(names: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Return the packages of these names and all that they require here, by their normal names, sorted."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = plain(waiting.pop())
        if name in found:
            continue
        found[name] = metadata.distribution(name)
        for line in found[name].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """Return a package's licence in short, from its metadata."""
    told = package.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    field = (told.get("License") or "").strip()
    if field and "\n" not in field and len(field) < 100:
        return field
    named = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    return ", ".join(_LICENCES.get(name, name) for name in named) or "see its .dist-info folder"


def page(packages: Mapping[str, metadata.Distribution]) -> str:
    """Return the text of the page."""
    lines = ["| package | version | licence |", "|---|---|---|"]
    for package in packages.values():
        # A local version, such as 2.13.0+cpu, says how a wheel was built.
        version = package.version.partition("+")[0]
        lines.append(f"| {package.metadata['Name']} | {version} | {licence(package)} |")
    lines += ["", "## Fonts", "", "In `resources/fonts`, each with the text of its licence.", ""]
    lines += ["| font | files | licence | text |", "|---|---|---|---|"]
    for name, files, short, text in FONTS:
        lines.append(f"| {name} | `{files}` | {short} | [{text}](resources/fonts/{text}) |")
    return INTRODUCTION + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(installed(pinned())), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
