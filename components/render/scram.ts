import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** PostgreSQL's own default (scram_iterations). */
const ITERATIONS = 4096;

/**
 * The SCRAM-SHA-256 verifier of a password, as PostgreSQL stores it, so that a statement log never shows
 * the password itself. The salt is derived from the secret: the same password gives the same text, so a
 * second `up` shows no change. The password must be ASCII (what the kit generates is), which SASLprep
 * leaves as it is. Source: RFC 5803, PostgreSQL's src/common/scram-common.c.
 */
export function scramVerifier(password: string): string {
  const salt = createHmac("sha256", password).update("vn-sync-check salt").digest().subarray(0, 16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
