// Pages made on the server, from what the API says.
import { createServer } from "node:http";

const api = process.env.API_URL ?? "http://api:4000";

const server = createServer(async (request, response) => {
  if (request.url === "/api/health" || request.url === "/health") return response.end("ok\n");
  try {
    const { courses } = await (await fetch(`${api}/api/courses`)).json();
    const items = courses.map(({ title }) => `<li>${title}</li>`).join("");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>Learning</title><h1>Learning</h1><ul>${items}</ul>`);
  } catch (error) {
    response.writeHead(502).end(`the API does not answer: ${error.message}\n`);
  }
});
server.keepAliveTimeout = 5000;
server.listen(Number(process.env.PORT ?? 3000), "0.0.0.0");
process.on("SIGTERM", () => server.close());
