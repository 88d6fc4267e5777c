"""Pieces fill pages: what belongs together stays on one page."""

from csamoe_desktop.report.pdf.layout import ROOM, Piece, fill
from csamoe_desktop.report.pdf.sheet import Block, Sheet, space


class Placed:
    """Records on which page, from 0, each named block was drawn."""

    def __init__(self, pieces: list[tuple[str, float, bool]]) -> None:
        self.pages: dict[str, int] = {}
        self._page = 0
        made = [Piece(self._block(name, height), leads=leads) for name, height, leads in pieces]
        for self._page, page in enumerate(fill(made, space(10))):
            page.draw(None, 0, 0)  # type: ignore[arg-type]

    def _block(self, name: str, height: float) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            self.pages[name] = self._page

        return Block(height, draw)


def test_a_heading_stays_on_the_page_of_what_it_is_of() -> None:
    pieces = [("filler", ROOM - 60, False), ("heading", 20, True), ("picture", 200, False)]
    assert Placed(pieces).pages == {"filler": 0, "heading": 1, "picture": 1}
    pieces[1] = ("heading", 20, False)
    assert Placed(pieces).pages == {"filler": 0, "heading": 0, "picture": 1}, "any other piece fills the page"
    pieces = [("filler", ROOM - 230, False), ("heading", 20, True), ("picture", 200, False)]
    assert set(Placed(pieces).pages.values()) == {0}, "there is room"


def test_a_heading_whose_piece_fills_a_page_begins_a_page_and_no_empty_one() -> None:
    pieces = [("filler", 100, False), ("heading", 20, True), ("picture", ROOM - 15, False)]
    assert Placed(pieces).pages == {"filler": 0, "heading": 1, "picture": 2}
