"""The commands of `csamoe-desktop` that need no window, one module each: `add_arguments` and `run`."""
