"""One file per poller, each with the same small face."""
