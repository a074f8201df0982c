// Opens TCP connections, one after another, and leaves each: `node bench/connect-client.ts PORT COUNT`.
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
for (let i = 0; i < count!; i += 1) {
  const socket = connect(port!, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
}
