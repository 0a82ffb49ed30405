"""Who may come, and as whom: peers, titles, networks."""
