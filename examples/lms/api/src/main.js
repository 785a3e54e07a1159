// The API of a learning platform: courses from PostgreSQL, counted in Redis.
import Fastify from "fastify";
import pg from "pg";
import { createClient } from "redis";
import { database, value } from "./settings.js";

const pool = new pg.Pool(database());
const redis = createClient({ url: value("REDIS_URL") });
redis.on("error", (error) => console.error("redis:", error.message));
pool.on("error", (error) => console.error("postgres:", error.message));
await redis.connect();

const app = Fastify({ logger: false, keepAliveTimeout: 5000 });

async function ready(_, reply) {
  try {
    await Promise.all([pool.query("select 1"), redis.ping()]);
    return { status: "ready" };
  } catch (error) {
    return reply.code(503).send({ status: "not ready", why: error.code ?? error.name });
  }
}

for (const base of ["", "/api"]) {
  app.get(`${base}/health/live`, async () => ({ status: "live" }));
  app.get(`${base}/health/ready`, ready);
}
app.get("/api/courses", async () => {
  const { rows } = await pool.query("select id, title from course order by id");
  return { courses: rows, seen: await redis.incr("seen") };
});

await app.listen({ host: "0.0.0.0", port: Number(process.env.PORT ?? 4000) });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    await app.close();
    await Promise.all([pool.end(), redis.quit()]);
  });
}
