"""plangate over the Model Context Protocol: the gate inside the agent's own tools."""
