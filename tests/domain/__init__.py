"""What a plan is and decides, told in milliseconds: no store, no clock, no door."""
