"""The made study, written once."""

from pathlib import Path

import pytest

from csamoe_desktop.study.phantom import write_demo_study


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo_study(folder)
    return folder
