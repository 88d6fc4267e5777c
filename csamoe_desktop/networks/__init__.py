"""The networks, one per module, and the cards that describe trained models. Importing this package does not load torch."""
