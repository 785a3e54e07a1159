"""Where the counts come from: the edge's counters, and requests of Fairlead's own. What they mean is for `verdict`."""
