"""How a report is drawn: pages, blocks, pictures and fonts."""
