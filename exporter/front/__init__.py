"""What stands between the network and the pages: listeners, TLS, passwords, response headers.

All of it is said by a file in the format that Prometheus' exporters share, exporter-toolkit's web configuration:
https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""
