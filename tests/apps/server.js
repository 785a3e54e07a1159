// The same application on Node's own http server: `PORT=8000 node server.js`. VERSION is what it calls itself.
"use strict";

const http = require("node:http");

const VERSION = process.env.VERSION || "1";
const HEADERS = { "X-App": "yes", "X-Version": VERSION, "X-Pid": String(process.pid) };

function answer(response, status, body) {
  response.writeHead(status, { ...HEADERS, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function echo(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(response, 200, Buffer.concat(chunks)));
}

function stream(response, seconds) {
  response.writeHead(200, HEADERS); // without a length Node sends it in chunks
  const ticks = setInterval(() => response.write("tick\n"), 200);
  setTimeout(() => {
    clearInterval(ticks);
    response.end("end\n");
  }, seconds * 1000);
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const seconds = Number(url.searchParams.get("seconds") || "1");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return answer(response, 200, `version ${VERSION}\n`);
    case "GET /health":
      return answer(response, 200, "ok\n");
    case "GET /slow":
      return setTimeout(() => answer(response, 200, `slept ${seconds} s\n`), seconds * 1000);
    case "GET /stream":
      return stream(response, seconds);
    case "GET /fail":
      return answer(response, 500, "failed as asked\n");
    case "POST /echo":
      return echo(request, response);
    default:
      return answer(response, 404, "no such page\n");
  }
});

server.listen(Number(process.env.PORT || "8000"), "127.0.0.1");

// Node ends at once on SIGTERM unless told otherwise: take no more, close idle connections, finish what is open.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
