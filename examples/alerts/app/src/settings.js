// From variables, or from the files that NAME_FILE names.
import { readFileSync } from "node:fs";

export function value(name, otherwise = "") {
  const path = process.env[`${name}_FILE`];
  return path ? readFileSync(path, "utf8").trim() : (process.env[name] ?? otherwise);
}

// The server is known by the certificate that DB_CA_FILE names. The team's own services may see all alerts; where
// they answer for a user, they say so in the transaction.
export function database() {
  const url = new URL(value("DATABASE_URL"));
  url.search = "";
  const ca = readFileSync(process.env.DB_CA_FILE, "utf8");
  return { connectionString: url.toString(), ssl: { ca }, max: Number(value("POOL_SIZE", "3")), options: "-c app.service=on" };
}
