"""The results pages from made records: their figures are the records', beside papers and baseline, and the same
twice."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence import records, result_figures, result_tables
from csamoe_desktop.evidence.papers import PAPERS, ROWS, row_of
from csamoe_desktop.evidence.records import OutlineRow, ReadImage, SetRecord
from csamoe_desktop.evidence.results import write_results
from csamoe_desktop.evidence.set_pages import protocol_of
from csamoe_desktop.inference.bundle import bundles, find_bundle
from csamoe_desktop.networks.cards import Builder, Evaluation, Figure, ModelCard, Thresholds

COUNT = 90
CURVES = (
    "epoch,training_loss,training_accuracy,validation_loss,validation_accuracy,validation_gate_image,"
    "validation_gate_core,validation_gate_boundary\n1,0.7,0.5,0.7,0.5,0.4,0.3,0.3\n2,0.4,0.8,0.5,0.7,0.5,0.2,0.3\n"
)


def card(name: str, builder: Builder, **changes: object) -> ModelCard:
    """Return a shipped card under another name."""
    known = find_bundle("csamoe-resnet18").card
    return dataclasses.replace(
        known, name=name, builder=builder, sha256=hashlib.sha256(name.encode()).hexdigest(), temperature=2.0, **changes
    )  # type: ignore[arg-type]


def rows_of(draw: np.random.Generator, outline: str, strength: float, classes: int = 2) -> list[ReadImage]:
    """Return readings of images, every second malignant, two a patient."""
    rows = []
    for number in range(COUNT):
        malignant = number % 4 > 1
        margin = draw.normal((malignant - 0.5) * strength)
        logits = (-margin, margin) if classes == 2 else (-5.0, -margin, margin)
        probability = 1 / (1 + np.exp(-margin))
        rows.append(
            ReadImage(
                f"{number}.png",
                "malignant" if malignant else "benign",
                f"P{number // 2}",
                outline,
                float(f"{probability:.6g}"),
                tuple(float(f"{one:.6g}") for one in logits),
                "5" if malignant and number % 3 else "3",
                "300x400",
                "A" if number < 40 else "B",
                0.01 + number / 1000,
            )
        )
    return rows


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return records of a strong and a weak network, one that outlines, one of three classes, and the outlines."""
    folder = tmp_path_factory.mktemp("runs")
    draw = np.random.default_rng(5)
    told = SetRecord("busbra", ("fold=1",))
    for name, builder, strength in (("strong", Builder("csa-moe-net"), 4.0), ("weak", Builder("resnet18"), 1.0)):
        records.write_card(folder / name, card(name, builder))
        fused = draw.normal(size=(COUNT, 6)).astype(np.float16)
        for outline in ("reader", "ellipse") if name == "strong" else ("reader",):
            rows = rows_of(draw, outline, strength if outline == "reader" else strength / 2)
            records.write_readings(
                folder / name, "busbra-fold1", outline, rows, told, fused if outline == "reader" else None
            )
        (folder / name / "curves.csv").write_text(CURVES if name == "strong" else "epoch,training_loss\n1,0.5\n2,0.4\n")
    three = card("three", Builder("two-stage"), classes=("normal", "benign", "malignant"))
    records.write_card(folder / "three", three)
    seen = dataclasses.replace(told, seen=True)
    records.write_readings(folder / "three", "busbra-fold1", "reader", rows_of(draw, "reader", 2, 3), seen)
    measured = Evaluation(
        "test: whole frame", 10, 5, {"dice": Figure(0.8125, 0.75, 0.875), "iou": Figure(0.7, 0.6, 0.8)}
    )
    finder = card("finder", Builder("unet"), evaluations=(measured,), task="outlining")
    records.write_card(folder / "finder", finder)
    for outline in ("reader", "ellipse"):
        outlines = [
            OutlineRow(
                f"{number}.png",
                "malignant" if number % 4 > 1 else "benign",
                f"P{number // 2}",
                outline,
                (float(draw.normal((number % 4 > 1) * (outline == "reader"))), 1.0, 1.0, 1.0, 0.1, 5.0),
            )
            for number in range(COUNT * 2)
        ]
        records.write_outlines(folder, "busbra", outline, outlines)
    return folder


@pytest.fixture(scope="module")
def written(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the results were written."""
    out = tmp_path_factory.mktemp("docs")
    write_results(runs, out, resamples=20)
    return out


def text(written: Path, page: str = "busbra") -> str:
    """Return the text of a results page."""
    return (written / "results" / f"{page}.md").read_text(encoding="utf-8")


def line(page: str, start: str, after: str = "") -> str:
    """Return the first table row that starts so, after a heading."""
    return next(one for one in page.partition(after)[2].splitlines() if one.startswith(f"| {start}"))


def test_figures_are_the_records_own(written: Path, runs: Path) -> None:
    page = text(written)
    rows = records.read_run(runs / "strong").read("busbra-fold1")
    truth = [row.label == "malignant" for row in rows]
    area = roc_auc_score(truth, [row.probability for row in rows])
    assert f"| {COUNT} / 45 | {area:.3f} (" in line(page, "strong", "## busbra-fold1")
    ranked = roc_auc_score(truth, [int(row.birads) for row in rows])
    assert f"BI-RADS categories of the same {COUNT} images: AUC {ranked:.3f}" in page


def test_paper_and_baseline_stand_beside_each_network(written: Path) -> None:
    page = text(written)
    rows = page.partition("trained by the protocol patient")[2].splitlines()
    below = rows[next(place for place, one in enumerate(rows) if one.startswith("| strong")) + 1]
    assert below.startswith("| ↳ *paper: CSA-MoE-Net, Table I*")
    assert "*0.995 ± 0.001*" in below
    assert f"*outline only, fitted on {COUNT} of busbra*" in page
    assert "private and split by image" in text(written, "README")
    for heading in ("other outlines", "calibration", "AUC by BI-RADS", "AUC by lesion size", "AUC by device"):
        part = page.partition(f"### busbra-fold1, {heading}")[2].partition("\n#")[0]
        assert "*outline only" in part, heading
        assert "strong" in part, heading


def test_a_set_seen_in_training_is_marked(written: Path) -> None:
    page = text(written)
    assert "| three † |" in page
    assert "| strong † |" not in page


def test_other_outlines_thresholds_classes_and_outlines_are_told(written: Path, runs: Path) -> None:
    page = text(written)
    run = records.read_run(runs / "strong")
    areas = [
        roc_auc_score([row.label == "malignant" for row in rows], [row.probability for row in rows])
        for rows in (run.read("busbra-fold1"), run.read("busbra-fold1", "ellipse"))
    ]
    assert f"| {areas[0] - areas[1]:.3f} (" in line(page, "strong", "other outlines")
    thresholds = run.card.thresholds
    assert f"{thresholds.benign_below:.3f} (benign below)" in line(page, "strong", "at the cards' thresholds")
    assert "↳ *paper: Predicted masks + ultrasound images, Table I* | *0.924* |" in page
    assert "| finder | test: whole frame | 10 / 5 | 0.812 (0.750–0.875) | – |" in text(written, "outlines")
    page = text(written, "training")
    assert "| CSA-MoE-VGG (Table IV) |" in page
    assert "no GPU was available" in page
    assert "no thyroid data" in page
    assert "| CSA-MoE-Net (Table I) |" not in page


def test_the_same_records_give_the_same_bytes(written: Path, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "roc-gone.svg").write_text("of a set that is no more")
    (tmp_path / "results" / "mine.svg").write_text("not ours to delete")
    (tmp_path / "results" / "mine.md").write_text("# Mine\n\nNot ours to delete.\n")
    gone = "# Gone\n\nWritten by `csamoe-desktop results` from a set that is no more.\n"
    (tmp_path / "results" / "gone.md").write_text(gone)
    write_results(runs, tmp_path, resamples=20)
    (tmp_path / "results" / "mine.svg").unlink()
    (tmp_path / "results" / "mine.md").unlink()
    files = {file.relative_to(written): file.read_bytes() for file in written.rglob("*.*")}
    assert {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.*")} == files
    assert sorted(file.name for file in files if file.parent.name == "results") == [
        "README.md",
        "busbra.md",
        "curves-strong.svg",
        "curves-weak.svg",
        "outlines.md",
        "outside.md",
        "reliability-busbra-fold1.svg",
        "roc-busbra-fold1.svg",
        "training.md",
        "tsne-busbra-fold1.png",
    ]
    assert {file.stem for file in files if file.parent.name == "models"} == {one.card.name for one in bundles()}
    pages = text(written) + text(written, "training")
    assert all(f"]({file.name})" in pages for file in files if file.suffix in (".svg", ".png"))
    summary = text(written, "README")
    assert all(
        f"]({file.name})" in summary
        for file in files
        if file.parent.name == "results" and file.suffix == ".md" and file.name != "README.md"
    )


def test_the_summary_compares_the_models(written: Path, runs: Path) -> None:
    page = text(written, "README")
    run = records.read_run(runs / "strong")
    reader, ellipse = (
        roc_auc_score([row.label == "malignant" for row in rows], [row.probability for row in rows])
        for rows in (run.read("busbra-fold1"), run.read("busbra-fold1", "ellipse"))
    )
    assert f"| {reader:.3f} (" in line(page, "strong", "## The models side by side")
    assert f"`strong` on busbra-fold1 from {reader:.3f} to {ellipse:.3f}" in page
    assert "Of 2 models measured there" in page, "the third was trained on the set"
    assert " †" in line(page, "three", "## The models side by side")


def test_a_page_of_another_kind_is_not_replaced(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "la-net.md").write_text("# Mine\n")
    with pytest.raises(UserError, match=r"file of another kind named la-net\.md"):
        write_results(runs, tmp_path, resamples=20)
    assert [file.name for file in tmp_path.rglob("*.*")] == ["la-net.md"]


def test_the_baseline_never_sees_the_tested_patients(runs: Path) -> None:
    outlines = records.read_outlines(runs)
    (found,) = result_tables.baselines(outlines, "busbra", [f"{number}.png" for number in range(COUNT)])
    assert found.name == f"*outline only, fitted on {COUNT} of busbra*"
    flipped = tuple(
        dataclasses.replace(row, label="benign" if row.label == "malignant" else "malignant")
        if int(row.group[1:]) < COUNT // 2
        else row
        for row in outlines["busbra"]
    )
    (other,) = result_tables.baselines({"busbra": flipped}, "busbra", [f"{number}.png" for number in range(COUNT)])
    assert (other.probability == found.probability).all()
    assert (other.positive == ~found.positive).all()
    assert result_tables.baselines(outlines, "busbra", ["0.png"], "hull") == []
    # Of another hospital nobody is left out: the same group name is another patient there.
    (across,) = result_tables.baselines({"a": outlines["busbra"], "b": outlines["busbra"][:10]}, "b", ["0.png"])
    assert across.name == f"*outline only, fitted on {COUNT * 2} of a*"


def test_two_sets_of_one_name_are_refused(runs: Path, tmp_path: Path) -> None:
    for name, fold in (("one", "1"), ("two", "2")):
        records.write_card(tmp_path / name, card(name, Builder("resnet18")))
        rows = rows_of(np.random.default_rng(0), "reader", 1)
        records.write_readings(tmp_path / name, "held-out", "reader", rows, SetRecord("busbra", (f"fold={fold}",)))
    with pytest.raises(UserError, match="fold=1 in one, but busbra, fold=2 in two"):
        write_results(tmp_path, tmp_path / "docs")


def test_a_missing_library_is_said_with_what_to_install() -> None:
    with pytest.raises(UserError, match=r"pip install csamoe-desktop\[results\]"):
        result_figures.needed("no_such_library.at_all")


def test_temperature_thresholds_and_probability_agree(runs: Path) -> None:
    read = result_tables.read_of(records.read_run(runs / "strong"), "busbra-fold1")
    assert read is not None and read.card is not None
    lead = np.array([row.logits[1] - row.logits[0] for row in read.rows if isinstance(row, ReadImage)])
    assert read.plain == pytest.approx(1 / (1 + np.exp(-lead)), abs=1e-9)
    # The records were made with the card's temperature.
    assert read.probability == pytest.approx(1 / (1 + np.exp(-lead / read.card.temperature)), abs=1e-4)
    assert isinstance(read.card.thresholds, Thresholds)


@pytest.mark.parametrize(
    ("network", "options", "row"),
    [
        ("csa-moe-net", {}, "csa-moe-net"),
        ("csa-moe-net", {"attention": False}, "resnet-moe"),
        ("csa-moe-net", {"experts": ["image", "core"]}, "image+core"),
        ("csa-moe-net", {"experts": ["image", "boundary"]}, "image+boundary"),
        ("csa-moe-net", {"experts": ["image"]}, ""),
        ("csa-moe-net", {"backbone": "vgg16"}, "csa-moe-vgg16"),
        ("csa-moe-net", {"backbone": "densenet121", "attention": False}, "densenet121-moe"),
        ("resnet18", {}, "resnet18"),
        ("two-stage", {"frozen_features": False}, "two-stage"),
        ("two-stage", {"inputs": "image"}, "two-stage, image"),
        ("unet", {}, ""),
        ("csasn", {"blocks": 1}, "csasn"),
    ],
)
def test_a_network_finds_its_row(network: str, options: dict[str, object], row: str) -> None:
    assert row_of(Builder(network, options)) == row
    assert row == "" or ROWS[row].paper in PAPERS


def test_papers_figures_are_shares() -> None:
    values = [value for row in ROWS.values() for value in (*row.metrics.values(), *row.deviations.values())]
    assert all(0 < value <= 1 for value in values)
    assert ROWS["csa-moe-net"].metrics["sensitivity"] == 0.9853
    assert {row.paper for row in ROWS.values()} == set(PAPERS)


def test_protocols_are_told_from_the_card() -> None:
    known = find_bundle("csamoe-resnet18").card

    def split(words: str) -> str:
        return protocol_of(dataclasses.replace(known, training=dataclasses.replace(known.training, split=words)))

    assert protocol_of(known) == "patient"
    assert split("by image, stratified 70/15/15, seed 42 (10 / 2 / 2 images)") == "paper"
    assert split("by hospital: trained on one, tested on the other") == "cross"
    assert split("somehow") == "other"
