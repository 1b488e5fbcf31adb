"""Fixtures of the task tests."""

from tests.parity.test_parity import vectors as vectors
