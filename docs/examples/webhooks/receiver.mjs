// Receives Florin's webhooks with Node.js alone: WEBHOOK_SECRET=whsec_… PORT=8080 node receiver.mjs
import {createHmac, timingSafeEqual} from 'node:crypto';
import {createServer} from 'node:http';

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
const toleranceSeconds = 300;
const seen = new Set();  // In a real receiver: a table with a unique index, written with the work itself.

function isAuthentic(headers, body) {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds)) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // During a rotation there are several signatures; one that fits is enough.
  return (headers['webhook-signature'] ?? '').split(' ').some((each) => {
    const [version, signature] = each.split(',');
    const given = Buffer.from(signature ?? '', 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);  // The bytes as they came: parsed and written again they are others.
    if (!isAuthentic(request.headers, body)) return response.writeHead(400).end();
    const event = JSON.parse(body);
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(`webhook ${event.id} ${event.type}`);
    }
    response.writeHead(204).end();  // Answer first, work later: Florin waits 30 seconds at most.
  });
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
