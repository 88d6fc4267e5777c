"""The frame of the window: the main window, its menus and commands, its file dialogs, and closing."""
