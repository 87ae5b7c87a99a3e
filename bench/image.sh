#!/usr/bin/env bash
# Builds the Dockerfile without a Docker engine, runs the image, and measures how much larger it is than its base.
#
#   bench/image.sh [more arguments of `buildah build`, such as --volume /etc/pip.conf:/etc/pip.conf:ro]
#
# Needs root, buildah and debootstrap. The base is built from Debian packages and gets the tag of the official image, so
# this tests the Dockerfile and not the base. All files are in WORK, which can be deleted afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

WORK=${WORK:-/var/tmp/mockserver-image}
SUITE=${SUITE:-bookworm} # its Python is 3.11
LIMIT=70
BASE=docker.io/library/python:3.11-slim
IMAGE=localhost/mockserver
build=(buildah --storage-driver vfs --root "$WORK/storage" --runroot "$WORK/run")
mkdir -p "$WORK"

size() { # megabytes of a mounted image
    local container mounted
    container=$("${build[@]}" from --pull-never "$1")
    mounted=$("${build[@]}" mount "$container")
    du --summarize --block-size=1M --one-file-system "$mounted" | cut -f1
    "${build[@]}" rm "$container" >/dev/null
}

if ! "${build[@]}" inspect --type image "$BASE" >/dev/null 2>&1; then
    [ -e "$WORK/base/usr/bin/pip" ] ||
        debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates "$SUITE" "$WORK/base"
    rm -f "$WORK"/base/usr/lib/python3*/EXTERNALLY-MANAGED
    ln -sf /usr/bin/python3 "$WORK/base/usr/local/bin/python"
    container=$("${build[@]}" from scratch)
    "${build[@]}" add --quiet "$container" "$WORK/base" /
    "${build[@]}" commit --quiet "$container" "$BASE"
    "${build[@]}" rm "$container" >/dev/null
fi

"${build[@]}" build --isolation chroot --pull-never --format docker --build-arg "PYTHON=$BASE" --tag "$IMAGE" "$@" .

container=$("${build[@]}" from --pull-never "$IMAGE")
trap '"${build[@]}" rm "$container" >/dev/null' EXIT
"${build[@]}" run --isolation chroot --user 65532:65532 "$container" -- sh -c '
    set -e
    mockserver serve --port 18080 & server=$!
    for _ in $(seq 100); do mockserver health --url http://127.0.0.1:18080 2>/dev/null && break; sleep 0.1; done
    mockserver health --url http://127.0.0.1:18080
    MOCKSERVER_PORT=18080 mockserver health
    mockserver exec -- python -c "
import urllib.request as u
try: u.urlopen(\"https://nanophoto.ai/nothing\")
except OSError as error: print(error)"
    id
    ! touch /opt/mockserver/x 2>/dev/null
    kill -TERM $server'
# The same with a read-only root, and with the time until the server is healthy.
root="$WORK/read-only"
mkdir -p "$root"
mount --bind "$("${build[@]}" mount "$container")" "$root"
mount --options remount,bind,ro "$root"
mount --types proc proc "$root/proc"
mount --rbind /dev "$root/dev"
trap 'umount --recursive --lazy "$root"; "${build[@]}" rm "$container" >/dev/null' EXIT
chroot --userspec 65532:65532 "$root" /usr/bin/env -i PATH=/opt/mockserver/bin:/usr/bin:/bin sh -c '
    set -e
    ! touch /tmp/x 2>/dev/null
    began=$(date +%s%N)
    mockserver serve --port 18081 >/dev/null & server=$!
    until mockserver health --url http://127.0.0.1:18081 >/dev/null 2>&1; do sleep 0.05; done
    took=$((($(date +%s%N) - began) / 1000000))
    kill -TERM $server
    echo "read-only root: healthy after $took ms"
    [ $took -lt 2000 ]'

"${build[@]}" inspect --format '{{.Docker.Config.Healthcheck}} {{.Docker.Config.User}} {{.Docker.Config.Labels}}' "$container"

base=$(size "$BASE") whole=$(size "$IMAGE")
echo "base $base MB, image $whole MB, difference $((whole - base)) MB"
[ $((whole - base)) -lt "$LIMIT" ] || { echo "more than $LIMIT MB" >&2; exit 1; }
