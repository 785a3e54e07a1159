// For GoTrue: POST /signup, POST /token?grant_type=password, GET /health. By its variables.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { pool, serve } from "./serving.js";
import { token } from "./tokens.js";

const env = process.env;
const database = pool(env.GOTRUE_DB_DATABASE_URL, 3);

function kept(password, salt = randomBytes(16)) {
  return `${salt.toString("hex")}:${scryptSync(password, salt, 32).toString("hex")}`;
}

function fits(password, text) {
  return timingSafeEqual(Buffer.from(kept(password, Buffer.from(text.split(":")[0], "hex"))), Buffer.from(text));
}

function session({ id, email }) {
  const lasts = Number(env.GOTRUE_JWT_EXP ?? 3600);
  const claims = { sub: id, email, role: "authenticated", aud: "authenticated", exp: Math.floor(Date.now() / 1000) + lasts };
  return [200, { access_token: token(claims, env.GOTRUE_JWT_SECRET), token_type: "bearer", expires_in: lasts, user: { id, email } }];
}

async function signup({ email, password }) {
  if (env.GOTRUE_DISABLE_SIGNUP === "true") return [422, { msg: "Signups not allowed for this instance" }];
  const { rows } = await database.query(
    "insert into auth.users (email, password) values ($1, $2) on conflict do nothing returning id, email",
    [email, kept(password)],
  );
  return rows.length ? session(rows[0]) : [422, { msg: "User already registered" }];
}

async function login({ email, password }) {
  const { rows } = await database.query("select id, email, password from auth.users where email = $1", [email]);
  return rows.length && fits(password, rows[0].password) ? session(rows[0]) : [400, { msg: "Invalid login credentials" }];
}

serve(env.GOTRUE_API_PORT ?? 9999, async (request, body) => {
  if (request.url === "/health") return [200, { name: "stand-in for GoTrue" }];
  if (request.method === "POST" && request.url === "/signup") return signup(body);
  if (request.method === "POST" && request.url === "/token?grant_type=password") return login(body);
  return [404, { msg: "Not found" }];
});
