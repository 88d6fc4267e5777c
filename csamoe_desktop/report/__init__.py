"""Reports: their content as data, and the writers for PDF, JSON and plain text."""
