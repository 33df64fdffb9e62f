"""Calibration with numpy and scipy."""
