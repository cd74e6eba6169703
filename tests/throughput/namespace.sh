#!/usr/bin/env bash
# Runs a command in a private network and mount namespace whose only resolver is 127.0.0.1,
# so that Postfix and Waxwing see the same invented DNS and may both use port 25 and 53.
set -eu
resolv=$(mktemp); hosts=$(mktemp)
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$resolv"
printf '127.0.0.1 localhost mx.test\n' >"$hosts"
chmod 644 "$resolv" "$hosts"
exec unshare -mnu -- bash -c '
  mount --make-rprivate /
  mount --bind "$1" /etc/resolv.conf; mount --bind "$2" /etc/hosts
  ip link set lo up
  hostname mx.test 2>/dev/null || true
  shift 2; exec "$@"' _ "$resolv" "$hosts" "$@"
