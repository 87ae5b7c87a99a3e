# The image of the server. Its packages are pinned in requirements/. It runs as an unprivileged user and needs no
# writable file system.
#
#   docker build -t mockserver .        docker run --rm -p 8080:8080 --read-only mockserver

# The digest is that of Python 3.11.16. `make base` replaces it by that of the newest version.
ARG PYTHON=docker.io/library/python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /source
COPY requirements requirements
# The image has no pip and no caches. Stripping the symbols of compiled libraries makes it a fifth smaller.
RUN python -m venv --without-pip /opt/mockserver \
    && pip install --no-deps --requirement requirements/build.lock \
    && pip --python /opt/mockserver/bin/python install --no-deps --no-compile --requirement requirements/valkey.lock \
    && find /opt/mockserver -name '*.so' -exec strip --strip-unneeded {} +
COPY . .
# Compile the Python code now, because the file system can be read-only later. Faker's locales other than en_US are
# compiled when they are first used.
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/mockserver/bin/python install --no-deps --no-compile /wheel/*.whl \
    && /opt/mockserver/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        -x 'faker/providers/[a-z_]+/(?!en_US)[a-z]+_[A-Z]+/' /opt/mockserver/lib \
    && mkdir /data

FROM ${PYTHON}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mockserver" \
    org.opencontainers.image.description="A sandbox server that stands in for five AI-video provider APIs" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/mockserver /opt/mockserver
# For the file of a store: a volume that is mounted here belongs to the user of the image.
COPY --from=build --chown=65532:65532 /data /data
ENV PATH=/opt/mockserver/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MOCKSERVER_HOST=0.0.0.0
# The server looks for mockserver.toml and the folder scenarios here. Mount your own.
WORKDIR /srv
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 CMD ["mockserver", "health"]
ENTRYPOINT ["mockserver"]
CMD ["serve"]
