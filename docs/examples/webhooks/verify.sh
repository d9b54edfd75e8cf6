#!/usr/bin/env bash
# Verifies one webhook with OpenSSL alone, to see in a shell what a receiver does:
#   WEBHOOK_SECRET=whsec_… verify.sh ID TIMESTAMP SIGNATURES < body
# Ends with 0 when a v1 signature fits and the timestamp is at most five minutes off, else with 1.
set -euo pipefail
id=$1 timestamp=$2 signatures=$3
age=$(($(date +%s) - timestamp))
[ "${age#-}" -le 300 ] || exit 1
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
expected=$({ printf '%s.%s.' "$id" "$timestamp"; cat; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
# During a rotation there are several signatures; one that fits is enough.
for given in $signatures; do
  [ "$given" = "v1,$expected" ] && exit 0
done
exit 1
