/** `node followingClient.mjs ENDPOINT VERSION`: a client that takes in every state, and prints the revision it has. */
import { Dealer } from 'zeromq';

const [endpoint, version] = process.argv.slice(2);
const socket = new Dealer({ linger: 0 });
socket.connect(endpoint);
let count = 0;
const say = (type, body) => socket.send(JSON.stringify({ v: 1, id: `c${count++}`, type, body }));
await say('hello', { pid: process.pid, version });
for await (const [frame] of socket) {
  const { type, body } = JSON.parse(frame);
  const rev = type === 'state' ? body.state.rev : body.rev;
  if (type === 'state' || type === 'change') {
    await say('state.taken', { rev });
    process.stdout.write(`${rev}\n`);
  }
}
