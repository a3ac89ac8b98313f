#!/usr/bin/env bash
# Makes the secrets of compose.yaml in a folder; those that are there already stay.
#   docs/deploy/secrets.sh [FOLDER]
set -euo pipefail

folder=${1:-$(dirname "$0")/secrets}
umask 022
mkdir -p "$folder"
# The files are mounted as they are and read by users of the containers: the folder shuts others out.
chmod 700 "$folder"

random() { head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c "$1"; }

keep() { # keep NAME VALUE: write a secret unless it is there
    [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"
}

keep mongodb_keyfile "$(head -c 384 /dev/urandom | base64 -w 76)"
keep mongodb_root_password "$(random 32)"
keep mongodb_password "$(random 32)"
keep valkey_password "$(random 32)"
keep secret_key "$(random 48)"
keep erasure_key "$(random 48)"
keep admin_token "adm_$(random 40)"
keep proxy_urls ""
keep rapidapi_proxy_secret ""

password=$(cat "$folder/mongodb_password")
hosts=mongo1:27017,mongo2:27017,mongo3:27017
keep mongodb_uri "mongodb://tiktok:$password@$hosts/tiktok?replicaSet=rs0&authSource=admin&w=majority"
password=$(cat "$folder/valkey_password")
keep redis_url "redis://:$password@valkey:6379/0"
keep valkey_users.acl "user default on >$password ~* &* +@all"
