"""Questions about the scores and outcomes themselves: suspicious findings, and calibration."""
