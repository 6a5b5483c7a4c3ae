#!/bin/sh
# The API with curl and openssl: see README.md beside this file.
set -eu

# post PATH KEY BODY prints the answer. A call with the same key has no second effect.
post() {
  curl --silent --show-error --fail-with-body --max-time 10 --retry 2 "$MOREPAY_ORIGIN$1" \
    -H "Authorization: Bearer $MOREPAY_KEY" -H "Idempotency-Key: $2" -H "Content-Type: application/json" -d "$3"
}

# hmac TEXT prints its HMAC-SHA256 by the secret, in base64.
hmac() {
  key=$(printf %s "${MOREPAY_WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  printf %s "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A
}

# webhook reads a message from standard input and prints it if it is signed and new.
webhook() {
  body=$(cat; printf x) # the x keeps line ends, which are signed too
  body=${body%x}
  age=$(($(date +%s) - WEBHOOK_TIMESTAMP))
  [ "$age" -le 300 ] && [ "$age" -ge -300 ] || { echo "too old" >&2; exit 1; }
  expected="v1,$(hmac "$WEBHOOK_ID.$WEBHOOK_TIMESTAMP.$body")"
  for signature in $WEBHOOK_SIGNATURE; do
    [ "$signature" = "$expected" ] && { printf %s "$body"; exit 0; }
  done
  echo "not signed with our secret" >&2
  exit 1
}

case $1 in
session) post /v1/sessions "order-$2" "{\"merchant_reference\":\"$2\",\"amount\":{\"currency\":\"CNY\",\"value\":5980},\"description\":\"Enamel mug\",\"return_url\":\"$RETURN_URL\"}" ;;
refund) post "/v1/sessions/$2/refunds" "refund-$3" "{\"merchant_reference\":\"$3\",\"amount\":{\"currency\":\"CNY\",\"value\":$4}}" ;;
webhook) webhook ;;
esac
