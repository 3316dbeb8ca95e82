# anthropic-exporter as an image: docker build -t anthropic-exporter .
#
# PYTHON_IMAGE may name a mirror, or another Python from 3.11 on.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
# What builds stands apart from what runs, and both are pinned by hash. Wheels only: no package's code runs here.
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/anthropic-exporter
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN /tools/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes -r requirements-build.lock && \
    /tools/bin/pip --python /opt/anthropic-exporter install --no-cache-dir --no-compile --only-binary=:all: \
      --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
# The commit, for build_info. Without it: unknown.
ARG REVISION=
RUN printf '%s' "$REVISION" > exporter/REVISION && \
    /tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . && \
    /tools/bin/pip --python /opt/anthropic-exporter install --no-cache-dir --no-compile --no-deps /wheel/*.whl && \
    python3 -m compileall -q --invalidation-mode unchecked-hash /opt/anthropic-exporter

FROM ${PYTHON_IMAGE}
# Nothing is installed in this image any more, so nothing stays that could: pip and its kin have advisories of their own.
RUN find / -xdev \( -path '*/python3*/pip' -o -path '*/python3*/pip-*' -o -path '*/python3*/setuptools*' \
      -o -path '*/python3*/wheel' -o -path '*/python3*/wheel-*' -o -path '*/python3*/ensurepip' \
      -o -path '*/bin/pip' -o -path '*/bin/pip[0-9]*' -o -path '*/share/python-wheels' \) -prune -exec rm -rf {} + && \
    install -d -o 65532 -g 0 -m 2770 /data
COPY --from=build /opt/anthropic-exporter /opt/anthropic-exporter
ENV PATH=/opt/anthropic-exporter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ANTHROPIC_EXPORTER_WEB__LISTEN_ADDRESS=0.0.0.0:10204 \
    ANTHROPIC_EXPORTER_WEB__HEALTH_ADDRESS=127.0.0.1:10205 \
    ANTHROPIC_EXPORTER_STORAGE__PATH=/data/ledger.db
# Python's own library comes uncompiled, and whoever runs this may not write: what is used of it is compiled now.
RUN anthropic-exporter metrics > /dev/null

# Group 0 may write to /data, so that any user of that group can run this, such as the random ones of OpenShift.
USER 65532:0
WORKDIR /data
VOLUME /data
EXPOSE 10204
# By http.client, which knows of no proxy. It asks the listener for probes, which has neither TLS nor passwords.
HEALTHCHECK --start-period=10s --timeout=5s CMD ["python3", "-IS", "-c", "\
import http.client, os, sys\n\
host, _, port = os.environ['ANTHROPIC_EXPORTER_WEB__HEALTH_ADDRESS'].rpartition(':')\n\
ask = http.client.HTTPConnection(host.strip('[]') or 'localhost', int(port), timeout=4)\n\
ask.request('GET', '/-/healthy')\n\
sys.exit(ask.getresponse().status != 200)"]
ENTRYPOINT ["anthropic-exporter"]
CMD ["serve"]

ARG REVISION=
LABEL org.opencontainers.image.title="anthropic-exporter" \
      org.opencontainers.image.description="Prometheus exporter for an organization on the Claude API" \
      org.opencontainers.image.source="https://github.com/anthropic-exporter/anthropic-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
