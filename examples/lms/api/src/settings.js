// From variables, or from the files that NAME_FILE names.
import { readFileSync } from "node:fs";

export function value(name, otherwise = "") {
  const path = process.env[`${name}_FILE`];
  return path ? readFileSync(path, "utf8").trim() : (process.env[name] ?? otherwise);
}

// Over TLS: the server is known by the certificate that DB_CA_FILE names. As the role that DATABASE_URL names, or another.
export function database(role = {}) {
  const url = Object.assign(new URL(value("DATABASE_URL")), role);
  const ca = process.env.DB_CA_FILE ? readFileSync(process.env.DB_CA_FILE, "utf8") : undefined;
  url.search = "";
  return { connectionString: url.toString(), ssl: ca ? { ca } : undefined, max: Number(value("POOL_SIZE", "5")) };
}
