"""API keys: who may do what over HTTP and MCP, kept beside the plans and never in their log."""
