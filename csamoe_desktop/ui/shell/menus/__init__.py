"""The commands of each menu, one module a menu; `command_table` puts them together."""
