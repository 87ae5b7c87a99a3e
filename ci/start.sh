#!/usr/bin/env bash
# Starts mockserver in a CI job and waits until it is ready. Used by action.yml; it runs in any job that has bash.
#
#   MOCK_PACKAGE   what pip installs (default: ai-video-mockserver), such as a path or a git URL
#   MOCK_IMAGE     an image to run with docker or podman instead, best by its digest
#   MOCK_SCENARIO, MOCK_CLOCK, MOCK_SEED, MOCK_PORT (default: 8080), MOCK_ARGS (options of `mockserver serve`)
#   MOCK_HOME      where the log, the environment and the id of the process are kept
#
# Sets MOCKSERVER_URL and MOCKSERVER_TOKEN for the next steps, in GitHub's files or in MOCK_HOME/env.
set -euo pipefail

home=${MOCK_HOME:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/mockserver}
port=${MOCK_PORT:-8080}
mkdir -p "$home"
log=$home/server.log
: >"$log"

fail() {
    echo "::error title=mockserver::$1" >&2
    tail -n 50 "$log" >&2
    exit 1
}

# The settings of the server. Those that are empty are left out: the server would take the empty text as a value.
settings=(MOCKSERVER_LOG=json)
[ -z "${MOCK_SCENARIO:-}" ] || settings+=("MOCKSERVER_SCENARIO=$MOCK_SCENARIO")
[ -z "${MOCK_CLOCK:-}" ] || settings+=("MOCKSERVER_CLOCK=$MOCK_CLOCK")
[ -z "${MOCK_SEED:-}" ] || settings+=("MOCKSERVER_SEED=$MOCK_SEED")
# Options are words: no quoting.
read -r -a options <<<"${MOCK_ARGS:-}"

if [ -n "${MOCK_IMAGE:-}" ]; then
    engine=$(command -v docker || command -v podman) || fail "There is no docker and no podman to run $MOCK_IMAGE"
    variables=()
    for each in "${settings[@]}"; do variables+=(--env "$each"); done
    # The port is only reached from this machine, so the control API needs no token.
    container=$("$engine" run --detach --publish "127.0.0.1:$port:8080" --env MOCKSERVER_TOKEN=none "${variables[@]}" \
        --env "MOCKSERVER_PUBLIC_URL=http://localhost:$port" --add-host host.docker.internal:host-gateway \
        "$MOCK_IMAGE" serve ${options[@]+"${options[@]}"}) || fail "$MOCK_IMAGE could not be started"
    printf '%s %s\n' "$engine" "$container" >"$home/container"
    running() { [ "$("$engine" inspect --format '{{.State.Running}}' "$container")" = true ]; }
    read_log() { "$engine" logs "$container" >"$log" 2>&1; }
else
    python=
    for each in ${MOCK_PYTHON:-python3 python python3.14 python3.13 python3.12 python3.11}; do
        if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$each && break; fi
    done
    [ -n "$python" ] || fail "mockserver needs Python 3.11 or later. Add actions/setup-python before, or use an image"
    "$python" -m venv "$home/venv" || fail "The virtual environment could not be made"
    bin=$home/venv/bin
    [ -d "$bin" ] || bin=$home/venv/Scripts # on Windows
    "$bin/python" -m pip --disable-pip-version-check install --quiet "${MOCK_PACKAGE:-ai-video-mockserver}" ||
        fail "${MOCK_PACKAGE:-ai-video-mockserver} could not be installed"
    env "${settings[@]}" nohup "$bin/mockserver" serve --port "$port" ${options[@]+"${options[@]}"} \
        >"$log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$home/pid"
    running() { kill -0 "$pid" 2>/dev/null; }
    read_log() { :; }
    [ -z "${GITHUB_PATH:-}" ] || echo "$bin" >>"$GITHUB_PATH"
fi

# The first line of the log says where the server listens.
ready=
for ((i = 0; i < 300; i++)); do
    read_log
    ready=$(grep -m 1 '"kind":"ready"' "$log" || true)
    [ -z "$ready" ] || break
    running || fail "The server has ended"
    sleep 0.1
done
[ -n "$ready" ] || fail "The server was not ready within 30 seconds"
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$ready"; }
url=$(value url)
token=$(value token)
[ -z "$token" ] || echo "::add-mask::$token"

printf 'export MOCKSERVER_URL=%q MOCKSERVER_TOKEN=%q MOCK_HOME=%q\n' "$url" "$token" "$home" >"$home/env"
if [ -n "${GITHUB_ENV:-}" ]; then
    { echo "MOCKSERVER_URL=$url"; echo "MOCKSERVER_TOKEN=$token"; echo "MOCK_HOME=$home"; } >>"$GITHUB_ENV"
    { echo "url=$url"; echo "token=$token"; } >>"$GITHUB_OUTPUT"
fi
echo "mockserver is ready: $url"
