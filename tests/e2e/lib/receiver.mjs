// Somebody who is called by webhooks: an HTTP server that keeps what it got and answers as it is told.
import {createServer} from 'node:http';

import {eventually} from './server.mjs';

export class Receiver {
  /** @param {(request: object, count: number) => number|null} answer The status; null: never answer. */
  static async start(answer = () => 200) {
    const receiver = new Receiver(answer);
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** @private */
  constructor(answer) {
    this.answer = answer;
    /** @type {{headers: Record<string, string>, body: string, json: any}[]} */
    this.received = [];
    this.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const got = {headers: request.headers, body, json: JSON.parse(body)};
        this.received.push(got);
        const status = this.answer(got, this.received.length);
        if (status !== null) response.writeHead(status, {'content-type': 'application/json'}).end('{}');
      });
    });
  }

  get url() { return `http://127.0.0.1:${this.server.address().port}/hooks`; }

  /** Those about one subject or of one type, once there are so many. */
  async waitFor(count, matches = () => true) {
    return eventually(`${count} webhooks`, async () => {
      const found = this.received.filter(matches);
      return found.length >= count && found;
    });
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
