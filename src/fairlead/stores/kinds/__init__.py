"""The kinds of stores: how each is set up, started, asked, and filled with what it declares."""
