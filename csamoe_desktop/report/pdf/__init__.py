"""Drawing of a report as PDF: pages, blocks, pictures and fonts."""
