"""What a report says, once, as data: text, JSON, PDF and the panels all take it from here."""
