"""Building blocks of all parts of the window: theme, actions, messages, input fields."""
