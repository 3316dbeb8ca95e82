"""The dashboards, written in Python: `python -m grafana` makes the JSON files in grafana/dashboards.

queries -> panels -> daily -> overview, developers, cost, keys, health, history -> __main__
"""
