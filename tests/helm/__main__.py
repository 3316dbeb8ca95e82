"""Writes deploy/kubernetes from the chart: python -m tests.helm HELM."""

import sys

from tests.helm.plain import manifests

for file, text in manifests(sys.argv[1]).items():
    file.write_text(text)
