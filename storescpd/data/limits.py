"""Limits that both the configuration and the options of storescp have."""

LONGEST_WAIT = 100 * 365 * 86400
"""Seconds. Far beyond any sensible setting, and far below what overflows the kernel's clocks."""
LARGEST_GROUP_ID = 2**32 - 2
"""chown(2) takes the next number for none."""
AE_TITLE_LENGTH = 16
"""Characters (PS3.5 6.2, VR AE)."""
