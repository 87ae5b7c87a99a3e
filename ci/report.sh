#!/usr/bin/env bash
# Writes what mockserver recorded in a CI job into a directory, and stops the server. Used by ci/report/action.yml.
#
#   MOCK_REPORT      the directory (default: mockserver-report): coverage, verdict, the log, and a bundle of each sandbox
#   MOCK_FAIL_ON     error, warning or note: fail for findings of the verdict on the sandbox `default` (default: never)
#   MOCK_FAIL_UNDER  fail if less than this percentage of the behaviours of the providers that were called is covered
#
# It writes everything before it fails. In a job of GitHub, the verdict is added to the summary of the job.
set -euo pipefail

home=${MOCK_HOME:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/mockserver}
report=${MOCK_REPORT:-mockserver-report}
[ ! -e "$home/env" ] || . "$home/env"
[ -n "${MOCKSERVER_URL:-}" ] || { echo "::error title=mockserver::There is no server: run ci/start.sh before" >&2; exit 1; }
mkdir -p "$report"
status=0

# The commands: those of the environment that start.sh has made, or those in the container.
if [ -e "$home/container" ]; then
    read -r engine container <"$home/container"
    # Inside, the server has its own port. The output is on the standard output, because no directory is shared.
    mock() { "$engine" exec --env MOCKSERVER_URL= --env MOCKSERVER_TOKEN= "$container" mockserver "$@"; }
else
    bin=$home/venv/bin
    [ -d "$bin" ] || bin=$home/venv/Scripts
    mock() { "$bin/mockserver" "$@"; }
fi

# Code 1 means a result below the threshold, and 3 that nothing was observed. Others are errors, which are printed.
write() { # FILE COMMAND...
    local file=$1 code=0
    shift
    mock "$@" >"$report/$file" || code=$?
    [ "$code" = 0 ] || [ "$code" = 1 ] || [ "$code" = 3 ] || { echo "$file: mockserver $* ended with $code" >&2; status=1; }
}

write coverage.json coverage --format json
write coverage.html coverage --format html
write coverage.xml coverage --format junit
write verdict.md verdict --format markdown
write verdict.xml verdict --format junit
write verdict.sarif verdict --format sarif
header=(-H "X-Mock-Token: ${MOCKSERVER_TOKEN:-}")
# Sandboxes that a test deletes are gone by now: let the test save them (--mockserver-bundle, MOCKSERVER_BUNDLES).
names=$(curl --silent --fail "${header[@]}" "$MOCKSERVER_URL/_mock/sandboxes" | grep -o '"name":"[^"]*"' | cut -d '"' -f 4 | head -n 20)
for name in $names; do
    curl --silent --fail "${header[@]}" "$MOCKSERVER_URL/~$name/_mock/bundle" --output "$report/$name.mock.zip" ||
        { echo "The bundle of $name could not be saved" >&2; status=1; }
done

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$report/verdict.md" >>"$GITHUB_STEP_SUMMARY"; fi
if [ -n "${MOCK_FAIL_ON:-}" ]; then
    code=0
    mock verdict --fail-on "$MOCK_FAIL_ON" || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || status=1
fi
if [ -n "${MOCK_FAIL_UNDER:-}" ]; then
    mock coverage --fail-under "$MOCK_FAIL_UNDER" >"$report/coverage.txt" || status=1
fi

if [ -e "$home/container" ]; then
    "$engine" logs "$container" >"$report/server.log" 2>&1 || true
    "$engine" rm --force "$container" >/dev/null
    rm "$home/container"
elif [ -e "$home/pid" ]; then
    kill "$(cat "$home/pid")" 2>/dev/null || true
    rm "$home/pid"
    cp "$home/server.log" "$report/server.log"
fi
# The token is of no use any more, but a log is public.
if [ -n "${MOCKSERVER_TOKEN:-}" ]; then
    sed "s/\"token\":\"[^\"]*\"/\"token\":\"…\"/" "$report/server.log" >"$report/server.log.new" && mv "$report/server.log.new" "$report/server.log"
fi
ls "$report"
exit "$status"
