"""The networks, one a file, and the cards that describe trained ones. Importing this package does not load torch."""
