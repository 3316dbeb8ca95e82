"""The image and the compose stack, proven with a real Docker engine: `python -m tests.container`.

Needs Docker with its plugin compose, and promtool, if metrics are to be linted too. Where no registry can be reached,
`--local-images` makes the images of Python, Prometheus and Alertmanager of Debian's packages, under the names that the
Dockerfile and compose.yml have for them; that takes root and debootstrap. Of Grafana there is none. An engine without
network rules of its own will do; if what is built there reaches no package index, `--build-network=host` helps:

    apt-get install -y --no-install-recommends docker.io containerd debootstrap
    dockerd -H unix://$PWD/d.sock --iptables=false --ip6tables=false --bridge=none &
    DOCKER_HOST=unix://$PWD/d.sock python -m tests.container --local-images --build-network=host
"""
