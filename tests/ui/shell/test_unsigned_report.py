"""A report that cannot be signed is written unsigned, and a message says so."""

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.report.signing import Signer
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy


def test_the_window_writes_it_and_says_that_it_is_not_signed(
    session: Session,
    open_files: Callable[..., None],
    demo: DemoStudy,
    read: Callable[[Session], None],
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    written: list[Path] = []
    said: list[str] = []
    session.noted.connect(said.append)
    session.reports.export(tmp_path / "signed.json", written.append)
    qtbot.waitUntil(lambda: len(written) == 1, timeout=60_000)
    assert said == []
    paths.signing_key_file().write_text("no key", encoding="ascii")
    session.reports.export(tmp_path / "unsigned.json", written.append)
    qtbot.waitUntil(lambda: len(written) == 2, timeout=60_000)
    assert [read_json(file).signed.signer for file in written] == [Signer.UNKNOWN, Signer.NONE]
    assert len(said) == 1
    assert said[0].startswith("The report is not signed. The signing key")
    assert "is damaged" in said[0]
