// Tokens as GoTrue makes them: HS256.
import { createHmac, timingSafeEqual } from "node:crypto";

const encoded = (data) => Buffer.from(JSON.stringify(data)).toString("base64url");
const signed = (text, secret) => createHmac("sha256", secret).update(text).digest("base64url");

export function token(claims, secret) {
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  return `${text}.${signed(text, secret)}`;
}

export function claims(text, secret) {
  const [head, body, signature = ""] = (text ?? "").split(".");
  const wanted = Buffer.from(signed(`${head}.${body}`, secret));
  const given = Buffer.from(signature);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const found = JSON.parse(Buffer.from(body, "base64url"));
  return found.exp > Date.now() / 1000 ? found : null;
}
