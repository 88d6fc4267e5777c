"""The commands of `csamoe-desktop` that need no window, one a file; each adds its parser and runs itself."""
