"""The Admin API: its HTTP and its words. Nothing here has heard of Prometheus."""
