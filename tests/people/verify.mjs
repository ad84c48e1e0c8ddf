// Verifies a token with jose, as another service written in JavaScript does. Standard input: JSON with `token`, `audience`,
// `issuer`, and the `secret` shared with the server or its `jwks` document. Prints the claims, or the code of the refusal.
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

const { token, secret, jwks, ...expected } = JSON.parse(readFileSync(0, "utf8"));
const key = jwks ? createLocalJWKSet(jwks) : new TextEncoder().encode(secret);
const result = await jwtVerify(token, key, { typ: "at+jwt", ...expected }).then(
  ({ payload, protectedHeader }) => ({ payload, header: protectedHeader }),
  ({ code, claim }) => ({ code, claim }),
);
console.log(JSON.stringify(result));
