"""Makes docs/screenshots: the window with the demo study, dark, light and at 200 %, and the page of the report.

.venv/bin/python docs/make_screenshots.py        (needs pdftoppm for the report)
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent / "screenshots"
SHOTS = {"dark": ("dark", "1"), "light": ("light", "1"), "dark-200": ("dark", "2")}


def main() -> None:
    """Take each picture in its own process, as Qt reads the scale factor only once."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, (theme, scale) in SHOTS.items():
            environment = os.environ | {
                "QT_QPA_PLATFORM": "offscreen",
                "QT_SCALE_FACTOR": scale,
                "CSAMOE_USER_FOLDER": str(Path(scratch) / name),
            }
            subprocess.run([sys.executable, __file__, name, theme, scratch], env=environment, check=True)
        page = ["pdftoppm", "-r", "80", "-png", "-singlefile", f"{scratch}/report.pdf", str(FOLDER / "report")]
        subprocess.run(page, check=True)
    for file in FOLDER.glob("*.png"):
        # 256 colours are enough for a page in a browser, at a third of the size.
        Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)


def shoot(name: str, theme: str, scratch: Path) -> None:
    """Save one picture of the window with the demo study's lesion assessed, and its report."""
    from csamoe_desktop.settings import Settings
    from csamoe_desktop.study.phantom import write_demo_study
    from csamoe_desktop.ui.shell import demo

    window = demo.read_window(write_demo_study(scratch), Settings(theme=theme))
    window.resize(1440, 1140)
    window.messages.clear()
    written: list[Path] = []
    window.session.reports.export(scratch / "report.pdf", written.append)
    demo.wait_until(window.session, lambda: bool(written))
    window.grab().save(str(FOLDER / f"{name}.png"))
    window.close()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        shoot(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        main()
