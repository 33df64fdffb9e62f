"""Calibration figures, worked out with numpy and scipy."""
