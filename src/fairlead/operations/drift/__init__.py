"""Does what runs differ from what was deployed? What is found (`look`), what would mend it (`acts`), the mending."""
