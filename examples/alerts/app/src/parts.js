// What the services share: the database, Redis, and who a token speaks for.
import { createHmac, timingSafeEqual } from "node:crypto";
import pg from "pg";
import { createClient } from "redis";
import { database, value } from "./settings.js";

export function pool() {
  const made = new pg.Pool(database());
  made.on("error", (error) => console.error("postgres:", error.message));
  return made;
}

export async function redis() {
  const made = createClient({ url: value("REDIS_URL") });
  made.on("error", (error) => console.error("redis:", error.message));
  await made.connect();
  return made;
}

const same = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

// The claims of a token that auth signed (HS256); null when it did not, or it is too old.
export function claims(token = "") {
  const [head, body, signature = ""] = token.split(".");
  const wanted = createHmac("sha256", value("JWT_SECRET")).update(`${head}.${body}`).digest("base64url");
  if (!same(signature, wanted)) return null;
  const found = JSON.parse(Buffer.from(body, "base64url"));
  return found.exp > Date.now() / 1000 ? found : null;
}

// Whose token a request has. Services of the team have a key instead.
export function who(header = "") {
  const token = header.replace(/^Bearer /, "");
  return same(token, value("SERVICE_ROLE_KEY")) ? { role: "service_role" } : claims(token);
}

// Work that goes on until the process is told to stop; what fails is tried again a second later.
export function forever(work) {
  let going = true;
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => (going = false));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const loop = async () => {
    while (going) {
      try {
        await work();
      } catch (error) {
        console.error(error.message);
        await pause(1000);
      }
    }
    process.exit(0);
  };
  return loop();
}
