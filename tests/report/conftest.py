"""A reading made by hand: a synthetic frame and lesion with invented figures, so that no trained weights are needed."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from csamoe_desktop.assess import AIResult, categorise
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.lesion.regions import make_regions
from csamoe_desktop.networks.cards import Builder, Evaluation, Figure, ModelCard, Normalisation, Thresholds, Training
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.study.model import Frame, Spacing, StudyFacts

CARD = ModelCard(
    name="invented",
    version="1.0",
    title="CSA-MoE-Net (ResNet-18)",
    builder=Builder("csamoe"),
    parameters=34_820_357,
    views=("image", "core", "boundary"),
    input_size=224,
    field=None,
    normalisation=Normalisation(),
    classes=("benign", "malignant"),
    positive="malignant",
    temperature=1.2,
    thresholds=Thresholds(0.12, 0.71, "188 validation images of 106 patients (61 malignant, 127 benign)"),
    training=Training(
        "an invented data set, 1500 images", "0" * 64, "by patient", 1, "ImageNet", {}, 12, 9, "2 CPU cores", 1.0
    ),
    evaluations=(
        Evaluation("test: held-out patients", 375, 213, {"auc": Figure(0.9512, 0.9204, 0.9741)}),
        Evaluation("validation: chosen on these", 188, 106, {"auc": Figure(0.96, 0.93, 0.98)}),
    ),
    intended_use="A second reading of one marked breast lesion on a B-mode ultrasound image, after the reader's own. "
    "Research use only; not a medical device. Management must not rest solely on this output.",
    limits=(
        "Trained and tested on one hospital's images; on another hospital's it may do worse than its figures say.",
        "Reads the outline it is given: a rougher or smoother line can change the reading.",
        "Knows benign and malignant lesions only; colour Doppler, elastography and the axilla were not in its training.",
        "The aspect ratio of the image is not kept, so very wide or tall images look unlike its training.",
        "An image without a lesion was not in its training.",
    ),
    licence="Apache-2.0",
    sha256="3f2a9c01b7de" + "4d" * 26,
)

FACTS = StudyFacts(
    patient_name="Müller-Ångström, Zoë",
    patient_id="TEST-0042",
    birth_date="1961-04-12",
    sex="female",
    study_date="2025-03-14",
    study_description="Breast ultrasound left",
    accession="A-2025-1187",
    laterality="left",
    institution="Invented Hospital",
    device="Phantom 3000, 12 MHz",
)

SPACING = Spacing(0.08, 0.08, "region 1")

Make = Callable[..., ReportInput]


@pytest.fixture(autouse=True)
def application(qapp: QApplication) -> QApplication:
    """The test run's one application: a report of its own would leave one that cannot show widgets."""
    return qapp


def frame_pixels(rows: int = 360, columns: int = 480, colour: bool = False) -> np.ndarray:
    """Speckle that darkens with depth."""
    rng = np.random.default_rng(3)
    depth = np.linspace(1.0, 0.5, rows)[:, None]
    grey = np.clip(rng.rayleigh(55, (rows, columns)) * depth, 0, 255).astype(np.uint8)
    return np.stack([grey, grey, np.roll(grey, 5, axis=1)], axis=2) if colour else grey


def ellipse(shape: tuple[int, int], middle: tuple[float, float], half: tuple[float, float]) -> np.ndarray:
    """A filled ellipse; `middle` and `half` axes as shares of rows and columns."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    down, across = (row / shape[0] - middle[0]) / half[0], (column / shape[1] - middle[1]) / half[1]
    return np.asarray(down**2 + across**2 <= 1)


@pytest.fixture
def make() -> Make:
    """Return a function that makes a ReportInput; what is named differs from the ordinary case."""

    def made(
        pixels: np.ndarray | None = None,
        mask: np.ndarray | None = None,
        shape: tuple[int, int] = (360, 480),
        ellipses: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = (((0.45, 0.5), (0.2, 0.18)),),
        spacing: Spacing | None = SPACING,
        probability: float = 0.83,
        card: ModelCard = CARD,
        warnings: tuple[str, ...] | None = None,
        gates: dict[str, float] | None = None,
        **changes: object,
    ) -> ReportInput:
        pixels = frame_pixels(*shape) if pixels is None else pixels
        if mask is None:
            mask = np.any([ellipse(pixels.shape[:2], middle, half) for middle, half in ellipses], axis=0)
        regions = make_regions(pixels, mask, field=card.field)
        ai_result = AIResult(
            prediction=Prediction(
                (-0.9, 1.0),
                probability,
                gates or {"boundary": 0.25, "image": 0.55, "core": 0.2},
                dict.fromkeys(("image", "core", "boundary"), (0.1, 0.2, 0.3, 0.4)),
            ),
            category=categorise(probability, card.thresholds),
            regions=regions,
            card=card,
            device="CPU: x86_64 (float32)",
            warnings=tuple(regions.warnings()) if warnings is None else warnings,
        )
        ordinary = ReportInput(
            study_name="phantom.dcm",
            facts=FACTS,
            frame=Frame(pixels, 2, spacing),
            frame_count=65,
            mask=LesionMask(mask, Author.EDITED, "phantom-mask.png"),
            ai_result=ai_result,
            reader="Dr. Ana Łukasz",
            comment="Hypoechoic mass at 2 o'clock, 3 cm from the nipple, with an indistinct margin. Biopsy arranged.",
            created=datetime(2025, 3, 14, 15, 9, tzinfo=UTC),
            # The same each time, as a lesion's is in the store.
            description=Description(identity="one"),
        )
        return dataclasses.replace(ordinary, **changes)

    return made


@pytest.fixture
def two_views(make: Make) -> tuple[ReportInput, ReportInput]:
    """One lesion on two frames, at right angles; 16.0 x 9.6 mm on the first, and upright, 12.8 x 8.0 mm, on the other.
    The model takes the first for suspicious, the second for likely benign."""
    place = Description("", Side.LEFT, 2, 30.0, View.RADIAL, "one")
    boxes = np.zeros((2, 360, 480), bool)
    boxes[0, 100:220, 150:350] = ellipse((120, 200), (0.5, 0.5), (0.5, 0.5))
    boxes[1, 100:260, 150:250] = ellipse((160, 100), (0.5, 0.5), (0.5, 0.5))
    first = make(mask=boxes[0], probability=0.83, description=place, reads=AssessmentRecord(final=Assessment("4B")))
    second = make(
        mask=boxes[1],
        probability=0.05,
        description=dataclasses.replace(place, view=View.ANTIRADIAL),
        reads=AssessmentRecord(final=Assessment("4A")),
        comment="",
    )
    return first, dataclasses.replace(second, frame=Frame(second.frame.pixels, 7, SPACING))


@pytest.fixture
def several(make: Make, two_views: tuple[ReportInput, ReportInput]) -> Report:
    """A document of two lesions, the first of which has two views; the other lesion was read between them."""
    other = make(
        ellipses=(((0.6, 0.3), (0.1, 0.12)),),
        probability=0.4,
        description=Description("Cyst?", Side.LEFT, 10, None, View.UNSAID, "two"),
        number=2,
        reads=AssessmentRecord(final=Assessment("3")),
        comment="Stable.",
    )
    return Report((two_views[0], other, two_views[1]))
