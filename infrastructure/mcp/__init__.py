"""The Model Context Protocol: agents register plans, take tasks, report scores and ask why."""
