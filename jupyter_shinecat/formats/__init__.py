"""Scientific files: sniff, walk and extract, in a child process."""
