#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: with_server.sh pgbouncer|tls COMMAND [ARGUMENT...]
#
# Runs it with one more server, for as long as it takes, beside the PostgreSQL of scripts/servers:
#   pgbouncer  a PgBouncer in transaction mode before that: CODA_TEST_PGBOUNCER_URI
#   tls        a PostgreSQL that asks for TLS and for a certificate: CODA_TEST_POSTGRES_TLS_URI, and the files of both
#              sides in CODA_TEST_POSTGRES_TLS_FILES
# Where it is not to be had the exit status is 77.
set -euo pipefail
# shellcheck source=scripts/stores/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/stores/lib.sh"

kind=$1
shift
as_its_user=()
if [[ -n $account ]]; then as_its_user=(--reuid="$account" --regid="$(id -g "$account")" --clear-groups); fi

skip() {
    echo "NOT TESTED: $*"
    exit 77
}

# It ends with this script, however that ends.
launch() {
    setpriv --pdeathsig "$ending" "${as_its_user[@]}" -- "$@" >"$folder/log" 2>&1 &
    server=$!
    for _ in {1..500}; do
        if "${kind}_is_ready"; then return; fi
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}

answers() { (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

end() {
    if [[ -n $server ]]; then kill -s "$ending" "$server" 2>/dev/null && wait "$server" || true; fi
    rm -rf "$folder"
}

pgbouncer_is_ready() { answers; }
start_pgbouncer() {
    local there=${CODA_TEST_POSTGRES_URI##*:}
    cat >"$folder/settings" <<END
[databases]
coda = host=127.0.0.1 port=${there%%/*} dbname=coda user=coda
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
END
    launch env LD_LIBRARY_PATH="${CODA_TEST_PGBOUNCER_PROGRAM%/*}" "$CODA_TEST_PGBOUNCER_PROGRAM" "$folder/settings"
}

# sign NAME SUBJECT NAMES: NAME.pem and NAME.key.
sign() {
    openssl req "${fresh[@]}" -subj "/CN=$2" -addext "subjectAltName=$3" -keyout "$1.key" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -copy_extensions copy \
        -out "$1.pem"
}

make_certificates() {
    local fresh=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    openssl req -x509 "${fresh[@]}" -days 2 -subj "/CN=examples" -keyout authority.key -out authority.pem
    sign server localhost DNS:localhost
    sign coda coda DNS:coda
}

tls_is_ready() { grep -qs '^ready' "$folder/data/postmaster.pid"; }
start_tls() {
    local program file
    program=$(readlink "/proc/$(cat "$CODA_TEST_POSTGRES_PIDFILE")/exe")
    rm -rf "$folder/data"
    cp -r "$CODA_TEST_POSTGRES_TEMPLATE" "$folder/data"
    (cd "$folder" && make_certificates >log 2>&1)
    for file in server.pem server.key authority.pem; do cp "$folder/$file" "$folder/data"; done
    echo "hostssl all coda 127.0.0.1/32 cert" >"$folder/data/pg_hba.conf"
    if [[ -n $account ]]; then chown -R "$account" "$folder/data"; fi
    launch "$program" -D "$folder/data" -k '' -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on \
        -c shared_buffers=16MB -c ssl_cert_file=server.pem -c ssl_key_file=server.key -c ssl_ca_file=authority.pem
}

case $kind in
pgbouncer)
    ending=TERM
    if [[ -z ${CODA_TEST_PGBOUNCER_PROGRAM:-} ]]; then skip "no PgBouncer"; fi
    ;;
tls)
    ending=QUIT # at once
    if [[ -z ${CODA_TEST_POSTGRES_TEMPLATE:-} ]]; then skip "no PostgreSQL of scripts/servers"; fi
    ;;
*)
    echo "usage: with_server.sh pgbouncer|tls COMMAND [ARGUMENT...]" >&2
    exit 2
    ;;
esac

server=
folder=$(mktemp -d "$(temporary)/coda_example_XXXXXX")
chmod 755 "$folder"
trap end EXIT
trap 'exit 143' INT TERM
for attempt in {1..20}; do
    port=$((20000 + SRANDOM % 12000))
    if ! answers && "start_$kind"; then break; fi
    ((attempt < 20)) || { cat "$folder/log" && exit 1; }
done
case $kind in
pgbouncer) export CODA_TEST_PGBOUNCER_URI="postgresql://coda@127.0.0.1:$port/coda?sslmode=disable" ;;
tls) export CODA_TEST_POSTGRES_TLS_URI="postgresql://coda@localhost:$port/coda" CODA_TEST_POSTGRES_TLS_FILES=$folder ;;
esac
"$@"
