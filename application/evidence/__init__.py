"""What the recorded scores and outcomes say about the judging itself."""
