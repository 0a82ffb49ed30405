"""The workers' journals: what was stored, durable before the peer hears of success, until the ledger has it."""
