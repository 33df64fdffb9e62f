"""Tests, by altitude: domain, application, contracts, infrastructure, journeys."""
