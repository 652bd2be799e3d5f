/** A value that a person gave and can change; its message says what is wrong, never with a secret in it. */
export class InputError extends Error {
  override name = "InputError";
}
