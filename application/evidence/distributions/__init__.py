"""What scores and actors are like over many plans, compared with their fellows."""
