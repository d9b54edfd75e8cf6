// Bytes over TCP, for what no HTTP client would send.
import {connect} from 'node:net';

/**
 * Sends bytes and gathers what comes back until the server closes, or `until` says enough.
 * @param {number} port
 * @param {string|Buffer|Array<string|Buffer>} bytes Several pieces are sent one after another.
 * @param {{until?: (text: string) => boolean, timeoutMs?: number, pauseMs?: number, end?: boolean}} [options]
 *     `end`: half-close after the last byte.
 * @return {Promise<{text: string, closed: boolean, reset: boolean}>}
 */
export function talk(port, bytes, {until, timeoutMs = 10_000, pauseMs = 0, end = false} = {}) {
  const pieces = Array.isArray(bytes) ? bytes : [bytes];
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let reset = false;
    const finish = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({text, closed, reset});
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed || !socket.writable) return;
        socket.write(piece);
        if (pauseMs) await new Promise((go) => setTimeout(go, pauseMs));
      }
      if (end) socket.end();
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until?.(text)) finish(false);
    });
    socket.on('error', () => reset = true);
    socket.on('close', () => finish(true));
  });
}

/**
 * Splits answers that came over one connection.
 * @return {Array<{status: number, headers: Record<string, string>, body: string}>}
 */
export function parseAnswers(text) {
  const answers = [];
  let rest = text;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`no whole answer: ${JSON.stringify(rest)}`);
    const [first, ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    if (!status) throw new Error(`no HTTP answer: ${JSON.stringify(first)}`);
    const length = Number(headers['content-length'] ?? 0);
    answers.push({status, headers, body: rest.slice(end + 4, end + 4 + length)});
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** Whether the text holds one whole answer. */
export function isWhole(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length >= end + 4 + length;
}
