"""What all rooms of the window are built from: theme, actions, messages, input boxes."""
