"""What the terminal shows: one module per screen, and what the screens share."""
