// Signs a call of Florin's wallet API (scheme v2) with Node.js alone, and sends it.
// WALLET_URL=http://127.0.0.1:8000 PARTNER=acme SECRET=hub_… KEY=bet-1 BODY='{"playerId":…}' node sign.mjs /wallet/debit
import {createHmac} from 'node:crypto';

function headersOf({secret, method, path, key, body}) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const text = ['v2', timestamp, method, path, key, body].join('\n');
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return {'Content-Type': 'application/json', 'X-Timestamp': timestamp, 'X-Signature': `v2=${signature}`,
          ...key && {'Idempotency-Key': key}};
}

const [path, body, key = ''] = [process.argv[2], process.env.BODY, process.env.KEY];
const headers = headersOf({secret: process.env.SECRET, method: 'POST', path, key, body});
const answer = await fetch(process.env.WALLET_URL + path,
                           {method: 'POST', body, headers: {...headers, 'X-Partner-Id': process.env.PARTNER}});
console.log(answer.status, await answer.text());
