#!/usr/bin/env bash
# Every file of docs/deploy past the validator of its kind; one that is missing or finds fault ends this.
#   check.sh VENV    where scripts/deploy/requirements.txt is installed
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(realpath "$1")/bin
deploy=docs/deploy

say() { printf '%s: ' "$1"; }

say "Dockerfile (hadolint)"
"$programs/hadolint" --failure-threshold info $deploy/Dockerfile && echo ok

say "scripts (shellcheck)"
"$programs/shellcheck" $deploy/*.sh scripts/*.sh scripts/deploy/*.sh && echo ok

say "compose.yaml (schema of the Compose specification)"
"$programs/check-jsonschema" --builtin-schema vendor.compose-spec $deploy/compose.yaml

say "Caddyfile (caddy)"
log=$(DOMAIN=api.example.com UPSTREAMS="api1:8080 api2:8080" XDG_DATA_HOME=$1 \
    "$programs/caddy" validate --adapter caddyfile --config $deploy/Caddyfile 2>&1) ||
    { echo "$log" && exit 1; }
"$programs/caddy" fmt --diff $deploy/Caddyfile >/dev/null || { echo "not as caddy fmt writes it" && exit 1; }
echo ok

"$programs/python" scripts/deploy/manifests.py $deploy/kubernetes
