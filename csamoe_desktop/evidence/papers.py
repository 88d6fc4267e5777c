"""The figures that the five papers report, each with its table, and why some of their rows are not trained here.

Figures are shares (0..1), like ours; the papers print most of them as percentages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from csamoe_desktop.networks.cards import Builder


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper.

    Attributes:
        title: short, with its source.
        data: one sentence on what its figures were measured on.
    """

    title: str
    data: str


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A row of a paper's table; `metrics` and their standard deviations have the names used in `metrics.figures`.

    Attributes:
        name: as the table calls it.
        paper: a name in PAPERS.
        table: the number of the table.
        not_here: why the row is not trained in this project; empty where it is.
    """

    name: str
    paper: str
    table: str
    metrics: Mapping[str, float]
    deviations: Mapping[str, float] = field(default_factory=dict)
    not_here: str = ""


PAPERS = {
    "csa-moe-net": Paper(
        "CSA-MoE-Net (Zhai, Yang and Zhang, arXiv 2605.25518, 2026)",
        "Its data is private and split by image: 2,129 images of partner hospitals, 70/15/15, the mean of 20 runs on "
        "one split, so images of one patient can be in both training and test.",
    ),
    "fus2net": Paper(
        "Fus2Net (BioMedical Engineering OnLine, 2021)",
        "Its data is private: 1,052 images of one local hospital, 100 of them for the test; the paper does not state "
        "that no patient is on both sides.",
    ),
    "two-stage": Paper(
        "Two-stage network (Long, Guan and Holden)",
        "Its data is public, BUSI with its near-duplicates (780 images in three classes), split at random by image, "
        "80/10/10; accuracy is that of three classes, precision, sensitivity and F1 those of the malignant one.",
    ),
    "la-net": Paper(
        "LA-Net (Fan et al., Medical Image Analysis 90:102960, 2023)",
        "Only its abstract was available; it gives no figures.",
    ),
    "csasn": Paper(
        "CSASN (Li et al., thyroid carcinoma)",
        "Only its abstract was available; it gives no figures. Its data, thyroid images of four clinics, is private.",
    ),
}

_NO_GPU = (
    "no GPU was available; its parameters are counted (`csamoe-desktop counts`) and a training step of it is tested"
)
_CSA = "csa-moe-net"


def _percent(accuracy: float, precision: float, recall: float, f1: float, auc: float) -> dict[str, float]:
    percent = {"accuracy": accuracy, "precision": precision, "sensitivity": recall, "f1": f1, "auc": auc}
    return {name: round(value / 100, 6) for name, value in percent.items()}


def _classes(accuracy: float, precision: float, recall: float, f1: float) -> dict[str, float]:
    return {"accuracy": accuracy, "precision": precision, "sensitivity": recall, "f1": f1}


ROWS: dict[str, PaperRow] = {
    "csa-moe-net": PaperRow(
        "CSA-MoE-Net",
        _CSA,
        "Table I",
        _percent(96.33, 94.09, 98.53, 96.25, 99.50),
        _percent(0.7, 1.2, 0.7, 0.7, 0.1),
    ),
    "resnet-moe": PaperRow(
        "ResNet-MoE",
        _CSA,
        "Table II",
        _percent(94.73, 94.11, 94.94, 94.51, 99.19),
        _percent(0.5, 1.1, 1.4, 0.5, 0.2),
    ),
    "resnet18": PaperRow(
        "ResNet-18",
        _CSA,
        "Table II",
        _percent(93.32, 93.39, 93.16, 93.27, 94.08),
        _percent(0.3, 0.2, 0.8, 0.4, 1.7),
    ),
    "image+boundary": PaperRow(
        "Expert-Img+Boundary",
        _CSA,
        "Table III",
        _percent(95.94, 93.98, 98.04, 95.96, 99.54),
        _percent(0.5, 0.7, 0.6, 0.5, 0.1),
    ),
    "image+core": PaperRow(
        "Expert-Img+Tumor",
        _CSA,
        "Table III",
        _percent(95.27, 93.35, 97.08, 95.13, 99.49),
        _percent(0.53, 1.45, 0.7, 0.58, 0.19),
    ),
    "densenet121": PaperRow(
        "DenseNet-121", _CSA, "Table IV", _percent(94.18, 95.42, 92.29, 93.82, 98.75), not_here=_NO_GPU
    ),
    "densenet121-moe": PaperRow(
        "DenseNet-MoE", _CSA, "Table IV", _percent(95.00, 95.59, 93.90, 94.73, 99.13), not_here=_NO_GPU
    ),
    "csa-moe-densenet121": PaperRow(
        "CSA-MoE-DenseNet", _CSA, "Table IV", _percent(95.78, 95.83, 95.34, 95.57, 99.23), not_here=_NO_GPU
    ),
    "vgg16": PaperRow("VGG-16", _CSA, "Table IV", _percent(94.22, 94.39, 93.47, 93.93, 99.06), not_here=_NO_GPU),
    "vgg16-moe": PaperRow("VGG-MoE", _CSA, "Table IV", _percent(95.19, 92.80, 97.52, 95.09, 99.40), not_here=_NO_GPU),
    "csa-moe-vgg16": PaperRow(
        "CSA-MoE-VGG", _CSA, "Table IV", _percent(96.88, 97.99, 95.42, 96.69, 99.14), not_here=_NO_GPU
    ),
    "fus2net": PaperRow(
        "Fus2Net",
        "fus2net",
        "Table 3",
        {"accuracy": 0.92, "sensitivity": 0.9565, "specificity": 0.8889, "precision": 0.88, "auc": 0.97},
    ),
    "two-stage": PaperRow(
        "Predicted masks + ultrasound images", "two-stage", "Table I", _classes(0.9241, 0.8636, 0.9048, 0.8837)
    ),
    "two-stage, image": PaperRow("Ultrasound images", "two-stage", "Table I", _classes(0.8734, 0.8500, 0.8095, 0.8293)),
    "two-stage, predicted_mask": PaperRow(
        "Predicted masks", "two-stage", "Table I", _classes(0.8861, 0.8000, 0.7619, 0.7805)
    ),
    "two-stage, true_mask_and_image": PaperRow(
        "GT masks + ultrasound images", "two-stage", "Table I", _classes(0.9873, 1.0000, 0.9524, 0.9756)
    ),
    "la-net": PaperRow("LA-Net", "la-net", "abstract", {}),
    "csasn": PaperRow("CSASN, for the breast", "csasn", "abstract", {}),
    "csasn-thyroid": PaperRow(
        "CSASN, for the thyroid",
        "csasn",
        "abstract",
        {},
        not_here="there is no thyroid data here; the classes are configurable, the network is trained for the breast",
    ),
}
"""The rows of the papers' tables that this program can build, by the name that `row_of` gives for a card's builder."""


def row_of(builder: Builder) -> str:
    """Return the name in ROWS of a network, or "" where the papers have none like it."""
    options = builder.options
    if builder.network == "two-stage":
        inputs = str(options.get("inputs", ""))
        row = f"two-stage, {inputs}" if f"two-stage, {inputs}" in ROWS else "two-stage"
    elif builder.network == "csa-moe-net":
        row = _family(
            str(options.get("backbone", "resnet18")),
            bool(options.get("attention", True)),
            {*options.get("experts", ("image", "core", "boundary"))},
        )
    elif builder.network == "csasn":
        row = "csasn-thyroid" if "thyroid" in str(options) else "csasn"
    else:
        row = str(options.get("backbone", builder.network))
    return row if row in ROWS else ""


def _family(backbone: str, attention: bool, experts: set[str]) -> str:
    if experts == {"image", "core", "boundary"}:
        if backbone == "resnet18":
            return "csa-moe-net" if attention else "resnet-moe"
        return f"csa-moe-{backbone}" if attention else f"{backbone}-moe"
    if backbone != "resnet18" or not attention:
        return ""
    return f"image+{'+'.join(sorted(experts - {'image'}))}" if "image" in experts else ""
