"""What the exporter is made of: what is pinned, what of it is known to be vulnerable, under which licences it is."""
