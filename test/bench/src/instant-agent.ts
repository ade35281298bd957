// An agent that answers every ADD at once with the same result: what is left of a call is the plugin's own.
import { createServer } from "node:net";

const RESULT = JSON.stringify({
  cniVersion: "1.0.0",
  ips: [{ address: "10.0.0.2/9", gateway: "10.0.0.1" }],
  routes: [],
  dns: {},
});
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${RESULT.length}\r\nconnection: close\r\n\r\n${RESULT}`;

const [socketPath] = process.argv.slice(2);
// The measured request is far shorter than what one read brings.
const server = createServer((socket) => socket.once("data", () => socket.end(ANSWER)));
server.listen(socketPath);
