"""CSA-MoE Desktop: a second reading of breast ultrasound, on the radiologist's own workstation."""

__version__ = "0.1.0"
