"""Questions about recorded history: audit it, look back, compare two points, explain the gate."""
