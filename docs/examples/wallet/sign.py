"""Signs a call of Florin's wallet API (scheme v2) with Python alone, and sends it.

WALLET_URL=http://127.0.0.1:8000 PARTNER=acme SECRET=hub_… KEY=bet-1 BODY='{"playerId":…}' python3 sign.py /wallet/debit
"""
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request


def headers_of(secret, method, path, key, body):
    timestamp = str(int(time.time()))
    text = "\n".join(["v2", timestamp, method, path, key, ""]).encode() + body
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": "v2=" + signature}
    return {**headers, "Idempotency-Key": key} if key else headers


path, body, key = sys.argv[1], os.environ["BODY"].encode(), os.environ.get("KEY", "")
headers = headers_of(os.environ["SECRET"], "POST", path, key, body)
headers["X-Partner-Id"] = os.environ["PARTNER"]
try:
    with urllib.request.urlopen(urllib.request.Request(os.environ["WALLET_URL"] + path, body, headers)) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as refusal:
    print(refusal.code, refusal.read().decode())
