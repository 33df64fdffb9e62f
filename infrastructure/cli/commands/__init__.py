"""The commands, one module per help panel; a panel with much has more than one."""
