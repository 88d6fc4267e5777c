"""CSA-MoE Desktop: second reading of breast ultrasound on the radiologist's workstation."""

__version__ = "0.1.0"
