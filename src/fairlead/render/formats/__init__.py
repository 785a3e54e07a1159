"""What a file is, as its reader sees it: a row of events, to be compared with another one."""
