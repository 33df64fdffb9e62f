"""What a plan is and decides, in milliseconds: no store, no clock, no door."""
