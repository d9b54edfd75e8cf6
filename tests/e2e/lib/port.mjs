// Ports for programs that must be told theirs: they keep it over a restart, or cannot say which one they got.
import {createSocket} from 'node:dgram';
import {createServer} from 'node:net';

// Below what Linux gives to outgoing connections and to whoever listens on port 0 (ip_local_port_range): those would
// take a port that is free now, before the program that it is meant for has started.
const first = 20_000;
const count = 12_000;

/** A port of the loopback address that no other test gets as long as this process lives. */
export async function freePort() {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    if (await reserve(port) && await isFree(port)) return port;
  }
}

/**
 * Whether it is ours now. The UDP port of the same number is the mark: it keeps others out, and goes with this process
 * however it ends.
 */
function reserve(port) {
  return new Promise((resolve) => {
    const mark = createSocket('udp4');
    mark.on('error', () => resolve(false));
    mark.bind({port, address: '127.0.0.1', exclusive: true}, () => { mark.unref(); resolve(true); });
  });
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
