import { createHmac, timingSafeEqual } from "node:crypto";
import OAuth from "oauth-1.0a";
import type { Account } from "./options";

/** A caller's clock may be this far off, in seconds. */
const CLOCK_TOLERANCE_S = 600;

/** OAuth1 with HMAC-SHA1 and no token, as VisioNature portals want it. */
export function oauthOf(account: Pick<Account, "clientKey" | "clientSecret">): OAuth {
  return new OAuth({
    consumer: { key: account.clientKey, secret: account.clientSecret },
    signature_method: "HMAC-SHA1",
    hash_function: (base, key) => createHmac("sha1", key).update(base).digest("base64"),
  });
}

/** Fields of an `Authorization: OAuth a="b", c="d"` header, decoded; null if it is not one. */
export function parseAuthorization(header: string | undefined): Record<string, string> | null {
  if (!header || !/^OAuth\s/i.test(header)) return null;
  const fields: Record<string, string> = {};
  for (const [, name, value] of header.matchAll(/([A-Za-z_]+)="([^"]*)"/g)) {
    try {
      fields[name as string] = decodeURIComponent(value as string);
    } catch {
      return null;
    }
  }
  return fields;
}

/** What is known of the caller once the request is checked, or why it is refused. */
export type Verdict = { account: Account } | { refused: string };

/** Checks signatures; remembers nonces, so one instance serves one emulator for its life. */
export class Gate {
  private readonly nonces = new Map<string, number>();

  /** `url` is what the caller signed: scheme, host, path and query. Time in epoch milliseconds. */
  check(accounts: Account[], method: string, url: string, header: string | undefined, now: number): Verdict {
    const fields = parseAuthorization(header);
    if (!fields) return { refused: "no OAuth Authorization header" };
    if (fields["oauth_signature_method"] !== "HMAC-SHA1")
      return { refused: "signature method is not HMAC-SHA1" };
    const stamp = Number(fields["oauth_timestamp"]);
    if (!(Math.abs(now / 1000 - stamp) <= CLOCK_TOLERANCE_S)) return { refused: "timestamp is too far off" };
    const query = new URL(url).searchParams;
    const account = accounts.find(
      (a) => a.clientKey === fields["oauth_consumer_key"] && a.userEmail === query.get("user_email"),
    );
    if (!account) return { refused: "unknown consumer key or user_email" };
    if (!sameText(account.userPassword, query.get("user_pw") ?? "")) return { refused: "wrong password" };
    const { oauth_signature: signature = "", realm: _, ...signed } = fields;
    const expected = oauthOf(account).getSignature(
      { url, method },
      undefined,
      signed as unknown as OAuth.Data,
    );
    if (!sameText(expected, signature)) return { refused: "wrong signature" };
    if (!this.fresh(`${fields["oauth_consumer_key"]} ${stamp} ${fields["oauth_nonce"]}`, now))
      return { refused: "nonce used before" };
    return { account };
  }

  private fresh(nonce: string, now: number): boolean {
    if (this.nonces.has(nonce)) return false;
    this.nonces.set(nonce, now);
    // Insertion order is the order of time: what a timestamp check refuses anyhow need not be kept.
    for (const [old, seen] of this.nonces) {
      if (now - seen <= 2 * CLOCK_TOLERANCE_S * 1000) break;
      this.nonces.delete(old);
    }
    return true;
  }
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
