"""Word sent out. The ledger is the outbox: the keeper reads on from where each receiver's bookmark stands."""
