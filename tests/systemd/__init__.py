"""deploy/systemd for real: systemd as the first process of a container, and the lines that the page tells to run."""
